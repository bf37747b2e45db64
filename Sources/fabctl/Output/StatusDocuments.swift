import Control
import Fleet
import Manifest

/// The Kubernetes shape of what was read, the same in every mode: a `v1` `List` of `IndustrialPLC`s with `status`.
enum StatusDocuments {
  static func json(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> String {
    list(devices, of: snapshot).json().withoutFinalLineBreak
  }

  static func yaml(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> String {
    list(devices, of: snapshot).yaml().withoutFinalLineBreak
  }

  static func object(_ device: DeviceSnapshot, of snapshot: FleetSnapshot) -> ManifestValue {
    PLCStatus.object(device.spec, device.view, context(snapshot))
  }

  private static func list(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> ManifestValue {
    let context = context(snapshot)
    return PLCStatus.list(devices.map { PLCStatus.object($0.spec, $0.view, context) })
  }

  private static func context(_ snapshot: FleetSnapshot) -> PLCStatusContext {
    let source = snapshot.source
    return PLCStatusContext(
      now: snapshot.at,
      source: source.revision.isEmpty
        ? nil : PLCStatusContext.Source(revision: source.revision, author: source.author, time: source.time))
  }
}

extension String {
  var withoutFinalLineBreak: String {
    var text = self
    while text.hasSuffix("\n") { text.removeLast() }
    return text
  }
}
