import Control

/// What is known of devices whose manifests have gone while this process runs. One that comes back, in another file or
/// after a mistake was put right, finds operators' words, its write budget and its counters as they were: taking a
/// manifest out and putting it back must not end a shelf.
struct DepartedDevices {
  /// So many are kept; of those that went before, the ones on which somebody has put a hand.
  static let capacity = 20_000

  private var known: [DeviceID: RestoredDevice] = [:]

  var count: Int { known.count }

  mutating func keep(_ id: DeviceID, _ device: RestoredDevice) {
    if known.count >= Self.capacity {
      known = known.filter { !$0.value.shelves.isEmpty || $0.value.suspendedBy != nil }
    }
    known[id] = device
  }

  mutating func take(_ id: DeviceID) -> RestoredDevice? { known.removeValue(forKey: id) }

  func forEach(_ body: (DeviceID, RestoredDevice) -> Void) {
    for (id, device) in known { body(id, device) }
  }

  /// The journal could not be read at the start, and now it can: what it holds of them comes before.
  mutating func add(_ earlier: (DeviceID) -> RestoredDevice) {
    known = Dictionary(
      uniqueKeysWithValues: known.map { id, device in (id, device.after(earlier(id))) })
  }
}

extension RestoredDevice {
  /// With what an earlier process left.
  fileprivate func after(_ earlier: RestoredDevice) -> RestoredDevice {
    var joined = self
    let covered = Set(shelves.map(\.register))
    joined.shelves += earlier.shelves.filter { !covered.contains($0.register) }
    joined.suspendedBy = suspendedBy ?? earlier.suspendedBy
    if let before = earlier.counters {
      joined.counters?.driftEvents &+= before.driftEvents
      joined.counters?.corrections &+= before.corrections
    }
    return joined
  }
}
