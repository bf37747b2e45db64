import Control

/// What the control machine of a PLC holds once it has been read, beside what its specification holds.
enum ControlMemory {
  static func measure(plcs: Int) -> String {
    var specs: [DeviceSpec] = []
    specs.reserveCapacity(plcs)
    var machines: [DeviceMachine] = []
    machines.reserveCapacity(plcs)
    let empty = Usage.resident
    for number in 0..<plcs { specs.append(spec(number)) }
    let specified = Usage.resident
    for spec in specs { machines.append(running(spec)) }
    let state = Double(Usage.resident - specified) / Double(plcs)
    let inSync = machines.filter { $0.phase == .connected }.count
    return "{\"plcs\": \(plcs), \"state_bytes\": \(state), "
      + "\"specification_bytes\": \(Double(specified - empty) / Double(plcs)), "
      + "\"inline\": \(MemoryLayout<DeviceMachine>.size), \"connected\": \(inSync)}"
  }

  private static func spec(_ number: Int) -> DeviceSpec {
    DeviceSpec(
      id: DeviceID(namespace: "default", name: "line-\(number)"), address: "192.168.1.100",
      pollInterval: .seconds(1),
      registers: [RegisterSpec(name: "holding-4001", address: 4001, desired: .integer(2500))])
  }

  /// Connected, and read a few times: every wish of the machine is granted at once.
  private static func running(_ spec: DeviceSpec) -> DeviceMachine {
    var machine = DeviceMachine(id: spec.id, seed: 1)
    var now = Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 0))
    var actions: [Action] = []
    machine.step(.gates(FleetGates(mode: .control)), at: now, into: &actions)
    machine.step(.desired(spec), at: now, into: &actions)
    var reads = 0
    while reads < 3 {
      let todo = actions
      actions.removeAll(keepingCapacity: true)
      for action in todo {
        switch action {
        case .connect: machine.step(.connected, at: now, into: &actions)
        case .read:
          reads += 1
          machine.step(.read(Observation(words: [2500])), at: now, into: &actions)
        default: break
        }
      }
      guard actions.isEmpty else { continue }
      now.instant = now.instant + .milliseconds(100)
      now.wall = now.wall + .milliseconds(100)
      machine.step(.timer, at: now, into: &actions)
    }
    return machine
  }
}
