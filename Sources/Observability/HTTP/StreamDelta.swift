import Control
import Fleet

/// What one reader of `/api/v1/stream` has been told, and what is new to it. It holds the last snapshot and no
/// queue, so a slow reader costs one snapshot and gets the newest next time.
struct StreamDelta {
  private struct Told {
    /// What a brief stream calls it.
    let number: Int
    var device: DeviceSnapshot
  }

  /// Devices that were read and found as they were are told together, by number.
  let brief: Bool
  private var told: [DeviceID: Told] = [:]
  private var lastEvent: UInt64?
  private var begun = false
  /// Never given twice, also not after a device has gone.
  private var nextNumber = 0

  /// Devices in one `reads` line: it stays far below what a reader must take for a line.
  private static let mostReads = 4096

  init(brief: Bool = false) { self.brief = brief }

  /// Lines for a snapshot, in pieces of about `piece` bytes. First: everything, then a `synced` line.
  mutating func lines(_ snapshot: FleetSnapshot, piece: Int, _ emit: ([UInt8]) async throws -> Void)
    async rethrows
  {
    var json = JSONWriter()
    var reads: [(number: Int, reading: Rereading)] = []
    line("fleet", &json) { FleetJSON.header(snapshot, &$0) }
    for device in snapshot.devices {
      let known = told[device.id]
      if let known {
        guard known.device !== device else { continue }
        told[device.id]?.device = device
        if brief, let reading = Rereading(from: known.device, to: device) {
          reads.append((known.number, reading))
          if reads.count == Self.mostReads { flush(&reads, at: snapshot.at, &json) }
          continue
        }
      }
      let number = known?.number ?? nextNumber
      if known == nil {
        told[device.id] = Told(number: number, device: device)
        nextNumber += 1
      }
      line("device", &json) { json in
        if brief { json.member("number", number) }
        FleetJSON.device(device, &json)
      }
      if json.bytes.count >= piece {
        try await emit(json.bytes)
        json.clear()
      }
    }
    flush(&reads, at: snapshot.at, &json)
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

  private func flush(
    _ reads: inout [(number: Int, reading: Rereading)], at: WallTime, _ json: inout JSONWriter
  ) {
    guard !reads.isEmpty else { return }
    line("reads", &json) { FleetJSON.reads(reads, at: at, &$0) }
    reads.removeAll(keepingCapacity: true)
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
