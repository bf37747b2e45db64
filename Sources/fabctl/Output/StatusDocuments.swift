import Control
import Fleet
import Manifest

/// The Kubernetes shape of what was read, the same in every mode: a `v1` `List` of `IndustrialPLC`s with `status`.
enum StatusDocuments {
  static func json(_ devices: [DeviceSnapshot], of view: FleetView) -> String {
    list(devices, of: view).json().withoutFinalLineBreak
  }

  static func yaml(_ devices: [DeviceSnapshot], of view: FleetView) -> String {
    list(devices, of: view).yaml().withoutFinalLineBreak
  }

  /// What the API server has, as it has it; outside a cluster the same shape, made from the reading.
  static func object(_ device: DeviceSnapshot, of view: FleetView) -> ManifestValue {
    view.objects[device.id] ?? PLCStatus.object(device.spec, device.view, context(view.snapshot))
  }

  private static func list(_ devices: [DeviceSnapshot], of view: FleetView) -> ManifestValue {
    PLCStatus.list(devices.map { object($0, of: view) })
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
