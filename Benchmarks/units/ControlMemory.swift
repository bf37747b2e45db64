import Control

/// What the control machine of a PLC holds once it has been read: its specification is counted too.
enum ControlMemory {
  static func measure(plcs: Int) -> String {
    var machines: [DeviceMachine] = []
    machines.reserveCapacity(plcs)
    let before = Usage.resident
    var actions: [Action] = []
    for number in 0..<plcs {
      machines.append(running(number, &actions))
      actions.removeAll(keepingCapacity: true)
    }
    let bytes = Double(Usage.resident - before) / Double(plcs)
    return
      "{\"plcs\": \(plcs), \"bytes_per_plc\": \(bytes), \"inline\": \(MemoryLayout<DeviceMachine>.size), "
      + "\"phase\": \"\(machines.last?.phase.rawValue ?? "")\"}"
  }

  /// In sync after its third poll.
  private static func running(_ number: Int, _ actions: inout [Action]) -> DeviceMachine {
    let id = DeviceID(namespace: "default", name: "line-\(number)")
    let register = RegisterSpec(name: "holding-4001", address: 4001, desired: .integer(2500))
    var machine = DeviceMachine(id: id, seed: 1)
    var now = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
    let spec = DeviceSpec(id: id, address: "192.168.1.100", pollInterval: .seconds(1), registers: [register])
    machine.step(.gates(FleetGates(mode: .control, leadershipUntil: nil)), at: now, into: &actions)
    machine.step(.desired(spec), at: now, into: &actions)
    machine.step(.connected, at: now, into: &actions)
    for second in 1...3 {
      now.instant = Instant(nanoseconds: Int64(second) * 1_000_000_000)
      now.wall = WallTime(milliseconds: Int64(second) * 1000)
      machine.step(.timer, at: now, into: &actions)
      machine.step(.read(Observation(words: [2500])), at: now, into: &actions)
    }
    return machine
  }
}
