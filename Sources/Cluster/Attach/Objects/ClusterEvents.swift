import Control
import Fleet
import Kubernetes
import Manifest

extension FleetEvent {
  /// A Kubernetes event about a PLC; nil when it does not say when, or about which.
  init?(_ event: CoreEvent) {
    guard let name = event.involvedObject.name, !name.isEmpty,
      let time = event.lastTimestamp ?? event.firstTimestamp ?? event.metadata.creationTimestamp
    else { return nil }
    let reason = event.reason ?? ""
    let severity: Severity =
      switch (event.type, reason) {
      case (_, "Contested"), (_, "InvalidSpec"): .alarm
      case (CoreEvent.Kind.warning.rawValue, _): .warning
      default: .notice
      }
    let times = event.count.map { $0 > 1 ? " (\($0) times)" : "" } ?? ""
    let (milliseconds, overflow) = time.seconds.multipliedReportingOverflow(by: 1000)
    self.init(
      sequence: 0, at: WallTime(milliseconds: overflow ? 0 : milliseconds), severity: severity,
      device: DeviceID(namespace: event.involvedObject.namespace ?? "default", name: name), reason: reason,
      message: (event.message ?? "") + times)
  }
}

extension Hold {
  /// What the ConfigMap that holds all writes says.
  init(configMap object: DynamicObject, at now: WallTime) {
    let data = object.json["data"] ?? [:]
    let made = object.metadata.creationTimestamp.flatMap { WallTime(rfc3339: $0.rfc3339) }
    self.init(
      by: data[HoldConfigMap.by]?.stringValue ?? "the ConfigMap \(HoldConfigMap.name)",
      since: data.time(HoldConfigMap.since) ?? made ?? now, reason: data.text(HoldConfigMap.reason))
  }
}
