import Cluster
import Control
import Fleet
import Manifest

/// What one-shot commands print from, the same in both modes.
struct FleetView {
  var snapshot: FleetSnapshot
  /// In cluster mode the objects as the API server has them.
  var objects: [DeviceID: ManifestValue] = [:]
  /// In cluster mode each device has its own.
  var revisions: [DeviceID: String] = [:]
  var conditions: [DeviceID: [PLCCondition]] = [:]

  init(_ snapshot: FleetSnapshot) { self.snapshot = snapshot }

  init(_ listing: ClusterListing) {
    snapshot = listing.snapshot
    objects = listing.objects.mapValues { ManifestValue($0) }
    revisions = listing.revisions
    conditions = listing.conditions
  }

  func devices(_ selection: DeviceSelection) -> [DeviceSnapshot] {
    snapshot.devices.filter { selection.matches($0.spec) }
  }

  func revision(of id: DeviceID) -> String {
    revisions[id] ?? (objects[id] == nil ? snapshot.source.revision : "")
  }
}
