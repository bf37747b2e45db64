import Control

/// One condition of a status, as `metav1.Condition`.
public struct PLCCondition: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case ready = "Ready"
    case inSync = "InSync"
    case reachable = "Reachable"
    case suspended = "Suspended"
    case contested = "Contested"
    case uncertain = "Uncertain"
  }
  public enum Status: String, Hashable, Sendable {
    case `true` = "True"
    case `false` = "False"
    case unknown = "Unknown"

    init(_ value: Bool) { self = value ? .true : .false }
  }

  public var kind: Kind
  public var status: Status
  /// One CamelCase word.
  public var reason: String
  public var message: String
  /// When `status` last became what it is.
  public var lastTransition: WallTime

  public init(kind: Kind, status: Status, reason: String, message: String, lastTransition: WallTime) {
    self.kind = kind
    self.status = status
    self.reason = reason
    self.message = message
    self.lastTransition = lastTransition
  }

  /// All conditions of a device now. The time of one whose status is as in `previous` stays.
  public static func all(
    of spec: DeviceSpec, _ view: DeviceView, previous: [PLCCondition] = [], now: WallTime
  ) -> [PLCCondition] {
    Kind.allCases.map { kind in
      let (status, reason, message) = state(kind, spec, view)
      let before = previous.first { $0.kind == kind && $0.status == status }
      return PLCCondition(
        kind: kind, status: status, reason: reason,
        // Some API servers take an empty text for a missing one.
        message: message.isEmpty ? reason : PrintableText.escaped(message, limit: 1000),
        lastTransition: before?.lastTransition ?? now)
    }
  }

  private static func state(_ kind: Kind, _ spec: DeviceSpec, _ view: DeviceView) -> (Status, String, String)
  {
    switch kind {
    case .ready: ready(view)
    case .reachable: reachable(view)
    case .inSync: inSync(view)
    case .suspended:
      if spec.suspend {
        (.true, "SuspendedBySpec", "spec.suspend is set: reading only")
      } else if let by = view.suspendedBy {
        (.true, "SuspendedByOperator", "suspended by \(by): reading only")
      } else {
        (.false, "NotSuspended", "corrections are not suspended")
      }
    case .contested: contested(view)
    case .uncertain:
      view.uncertain
        ? (
          .true, "WriteUncertain",
          "a write was not answered; its register is read before anything else is decided"
        )
        : (.false, "WritesKnown", "the outcome of every write is known")
    }
  }

  private static func isReached(_ view: DeviceView) -> Bool {
    switch view.phase {
    case .connected, .driftDetected, .correcting: true
    case .pending, .connecting, .failed: false
    }
  }

  private static func ready(_ view: DeviceView) -> (Status, String, String) {
    if view.status == .invalid { return (.false, "Invalid", view.lastError ?? view.message) }
    if view.stale { return (.false, "Stale", view.lastError ?? "not read for three intervals") }
    if isReached(view) { return (.true, "Polling", view.message) }
    if view.phase == .failed { return (.false, "Unreachable", view.lastError ?? view.message) }
    return (.unknown, view.phase.rawValue, view.message)
  }

  private static func reachable(_ view: DeviceView) -> (Status, String, String) {
    if isReached(view) { return (.true, "Answering", "the device answers") }
    if view.phase == .failed {
      return (.false, "ConnectionFailed", view.lastError ?? "the connection failed")
    }
    // Between attempts, the last one that failed still counts.
    if view.failures > 0 { return (.false, "ConnectionFailed", view.lastError ?? "the connection failed") }
    return (.unknown, view.phase.rawValue, "no answer yet")
  }

  private static func inSync(_ view: DeviceView) -> (Status, String, String) {
    guard isReached(view), !view.stale else {
      return (
        .unknown, view.phase == .pending || view.phase == .connecting ? "NotRead" : "Unreachable",
        "not known while the device is not read"
      )
    }
    let wanted = view.registers.filter { $0.spec.desired != nil }
    if wanted.isEmpty { return (.true, "NothingDesired", "registers are only monitored") }
    let drifted = wanted.filter { $0.inSync == false }
    if !drifted.isEmpty {
      let names = drifted.map(\.spec.name).joined(separator: ", ")
      let reasons = drifted.compactMap { register in
        register.reasonNotWritten.map { "\(register.spec.name) is not written: \($0)" }
      }
      return (.false, "Drifted", (["drifted: \(names)"] + reasons).joined(separator: "; "))
    }
    let unread = wanted.filter { $0.inSync == nil }.map(\.spec.name)
    if !unread.isEmpty { return (.unknown, "NotRead", "not read: \(unread.joined(separator: ", "))") }
    return (.true, "AsDesired", "every register is as desired")
  }

  private static func contested(_ view: DeviceView) -> (Status, String, String) {
    let names = view.registers.filter(\.contested).map(\.spec.name)
    return names.isEmpty
      ? (.false, "NotContested", "no register is contested")
      : (.true, "WrittenByOthers", "something else keeps writing: \(names.joined(separator: ", "))")
  }

  func value(generation: Int64?) -> ManifestValue {
    var object = ObjectBuilder()
    object.add("type", .string(kind.rawValue))
    object.add("status", .string(status.rawValue))
    object.add("observedGeneration", generation.map(ManifestValue.integer))
    object.add("lastTransitionTime", ManifestValue(lastTransition))
    object.add("reason", .string(reason))
    object.add("message", .string(message))
    return object.value
  }

  /// Reads conditions back from a status; unknown ones are passed over.
  public static func read(_ status: ManifestValue) -> [PLCCondition] {
    (status["conditions"]?.elements ?? []).compactMap { element in
      guard let kind = element["type"]?.text.flatMap(Kind.init(rawValue:)),
        let status = element["status"]?.text.flatMap(Status.init(rawValue:)),
        let time = element["lastTransitionTime"]?.text.flatMap(WallTime.init(rfc3339:))
      else { return nil }
      return PLCCondition(
        kind: kind, status: status, reason: element["reason"]?.text ?? "",
        message: element["message"]?.text ?? "",
        lastTransition: time)
    }
  }
}
