import Control
import Fleet
import Manifest

/// The Kubernetes shape of what was read, the same in every mode: a `v1` `List` of `IndustrialPLC`s with `status`.
enum StatusDocuments {
  static func json(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> String {
    withoutLineBreak(list(devices, of: snapshot).json())
  }

  static func yaml(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> String {
    withoutLineBreak(list(devices, of: snapshot).yaml())
  }

  private static func withoutLineBreak(_ text: String) -> String {
    var text = text
    while text.hasSuffix("\n") { text.removeLast() }
    return text
  }

  private static func list(_ devices: [DeviceSnapshot], of snapshot: FleetSnapshot) -> ManifestValue {
    let source = snapshot.source
    let context = PLCStatusContext(
      now: snapshot.at,
      source: source.revision.isEmpty
        ? nil : PLCStatusContext.Source(revision: source.revision, author: source.author, time: source.time))
    return PLCStatus.list(devices.map { PLCStatus.object($0.spec, $0.view, context) })
  }
}
