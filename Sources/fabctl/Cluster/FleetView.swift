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
  /// Neither read nor failed within the time there was: busy, or slower than that.
  var late: Set<DeviceID> = []

  init(_ snapshot: FleetSnapshot, late: Set<DeviceID> = []) {
    self.snapshot = snapshot
    self.late = late
  }

  init(_ listing: ClusterListing) {
    snapshot = listing.snapshot
    objects = listing.objects.mapValues { ManifestValue($0) }
    revisions = listing.revisions
    conditions = listing.conditions
  }

  func devices(_ selection: DeviceSelection) -> [DeviceSnapshot] {
    snapshot.devices.filter { selection.matches($0.spec) }
  }

  /// Names the selected devices that were not read in time, and says whether there are any.
  func tellLate(_ selection: DeviceSelection) -> Bool {
    let devices = devices(selection).filter { late.contains($0.id) }
    for device in devices {
      Console.error("\(device.id): not read within \(FleetReading.patience) s: busy, or slow to answer")
    }
    return !devices.isEmpty
  }

  func revision(of id: DeviceID) -> String {
    revisions[id] ?? (objects[id] == nil ? snapshot.source.revision : "")
  }
}
