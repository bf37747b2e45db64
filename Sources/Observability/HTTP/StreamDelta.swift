import Control
import Fleet

/// What one reader of `/api/v1/stream` has been told, and what is new to it. It holds the last snapshot and no
/// queue, so a slow reader costs one snapshot and gets the newest next time.
struct StreamDelta {
  private var told: [DeviceID: DeviceSnapshot] = [:]
  private var lastEvent: UInt64?
  private var begun = false

  /// Lines for a snapshot, in pieces of about `piece` bytes. First: everything, then a `synced` line.
  mutating func lines(_ snapshot: FleetSnapshot, piece: Int, _ emit: ([UInt8]) async throws -> Void)
    async rethrows
  {
    var json = JSONWriter()
    line("fleet", &json) { FleetJSON.header(snapshot, &$0) }
    for device in snapshot.devices where told[device.id] !== device {
      told[device.id] = device
      line("device", &json) { FleetJSON.device(device, &$0) }
      if json.bytes.count >= piece {
        try await emit(json.bytes)
        json.clear()
      }
    }
    if told.count > snapshot.devices.count { removeMissing(snapshot, &json) }
    for event in snapshot.events where lastEvent.map({ event.sequence > $0 }) ?? true {
      line("event", &json) { FleetJSON.event(event, &$0) }
    }
    lastEvent = snapshot.events.last?.sequence ?? lastEvent
    if !begun {
      begun = true
      line("synced", &json) { $0.member("sequence", snapshot.sequence) }
    }
    try await emit(json.bytes)
  }

  private mutating func removeMissing(_ snapshot: FleetSnapshot, _ json: inout JSONWriter) {
    let present = Set(snapshot.devices.map(\.id))
    for id in told.keys.filter({ !present.contains($0) }).sorted() {
      told[id] = nil
      line("removed", &json) { json in
        json.member("namespace", id.namespace)
        json.member("name", id.name)
      }
    }
  }

  private func line(_ type: String, _ json: inout JSONWriter, _ members: (inout JSONWriter) -> Void) {
    json.object { json in
      json.member("type", type)
      members(&json)
    }
    json.newline()
  }
}
