import Control
import Fleet

/// When each device changed its status, as this dashboard saw it; what came before is asked of the engine.
struct StatusTracks: Sendable {
  /// Since when snapshots have been seen at all.
  private(set) var since: WallTime?
  private var changes: [DeviceID: [DeviceHistory.StateChange]] = [:]
  /// Changes kept of each device, as many as the engine keeps.
  private static let limit = HistoryRing.changeCapacity

  mutating func follow(_ next: FleetSnapshot, after previous: FleetSnapshot?) {
    guard let previous, previous.devices.count == next.devices.count else {
      if since == nil { since = next.at }
      if let previous { followReshaped(next, after: previous) }
      return
    }
    for index in next.devices.indices {
      let (new, old) = (next.devices[index], previous.devices[index])
      guard new !== old else { continue }
      guard new.id == old.id else { return followReshaped(next, after: previous) }
      if new.view.status != old.view.status { record(new, from: old.view.status, at: next.at) }
    }
  }

  /// Devices came or went: they are matched by name.
  private mutating func followReshaped(_ next: FleetSnapshot, after previous: FleetSnapshot) {
    var old: [DeviceID: DeviceStatus] = [:]
    for device in previous.devices { old[device.id] = device.view.status }
    for device in next.devices {
      let before = old.removeValue(forKey: device.id)
      if before != device.view.status { record(device, from: before, at: next.at) }
    }
    for gone in old.keys { changes[gone] = nil }
  }

  private mutating func record(_ device: DeviceSnapshot, from before: DeviceStatus?, at: WallTime) {
    var list = changes[device.id] ?? [.init(at: since ?? at, status: before)]
    if list.count >= Self.limit { list.removeFirst(Self.limit / 4) }
    list.append(.init(at: at, status: device.view.status))
    changes[device.id] = list
  }

  /// The states of a device from `past` (ending at `pastEnd`) on to now.
  func states(
    of device: DeviceSnapshot, past: [DeviceHistory.StateChange], pastEnd: WallTime?
  ) -> [DeviceHistory.StateChange] {
    guard let since else { return past }
    let own = changes[device.id] ?? [.init(at: since, status: device.view.status)]
    guard let pastEnd else { return own }
    let from = max(pastEnd, since)
    // The state that holds at the seam, then all later changes.
    var joined = past.filter { $0.at < from }
    if let holding = own.last(where: { $0.at <= from }) {
      joined.append(.init(at: from, status: holding.status))
    }
    joined += own.filter { $0.at > from }
    return joined
  }
}
