import Control
import Dashboard
import Fleet
import Terminal

/// An operator's desk: a model, keys, and an engine that answers at once from ``Plant``.
struct Desk {
  var model: Model
  /// Everything the dashboard asked for, oldest first.
  var asked: [Command] = []
  /// What the engine has.
  var devices: [DeviceSnapshot]
  var sequence: UInt64 = 0
  var now = Plant.now
  /// Commands are kept but not answered.
  var isSilent = false

  init(
    _ size: Size = Size(120, 40), settings: Settings = Plant.settings(),
    devices: [DeviceSnapshot] = Plant.devices,
    connected: Bool = true
  ) {
    model = Model(settings, now: Plant.now)
    self.devices = devices
    send(.resize(size))
    if connected { snapshot() }
  }

  mutating func send(_ message: Message) {
    for command in update(&model, message) {
      asked.append(command)
      if !isSilent { answer(command) }
    }
  }

  mutating func snapshot(
    mode: FleetMode = .control, source: SourceStatus = Plant.source, gates: FleetGates = .init(),
    health: EngineHealth? = nil,
    events: [FleetEvent] = Plant.events, operations: [Operation] = []
  ) {
    sequence += 1
    send(
      .snapshot(
        Plant.snapshot(
          devices, sequence: sequence, at: now, mode: mode, source: source, gates: gates, health: health,
          events: events,
          operations: operations)))
  }

  mutating func tick(_ seconds: Int = 1) {
    now = now + .seconds(seconds)
    send(.tick(now))
  }

  mutating func press(_ keys: Key...) { for key in keys { send(.key(key)) } }

  mutating func type(_ text: String) { for character in text { send(.key(.character(character))) } }

  private mutating func answer(_ command: Command) {
    switch command {
    case .plan(let token, let scope): send(.planned(token: token, Plant.plan(scope, devices)))
    case .loadHistory(let token, let query): send(.history(token: token, Plant.history(query, devices)))
    case .loadProvenance(let device): send(.provenance(device: device, Plant.provenance(device)))
    case .submit(let token, _): send(.outcome(token: token, .accepted(Receipt(id: token))))
    case .adopt(let token, _, _, _, _):
      send(
        .adopted(
          token: token, .committed(branch: "adopt/oven-1", commit: "abc1234def", summary: "1 register")))
    default: break
    }
  }

  /// Commands that could make a PLC be written to.
  var writes: [FleetCommand] {
    asked.compactMap { command in
      guard case .submit(_, let wish) = command else { return nil }
      switch wish {
      case .sync, .release, .resume, .unshelve, .retryContested: return wish
      case .hold, .shelve, .suspend, .refresh, .acknowledge: return nil
      }
    }
  }

  func frame(_ size: Size? = nil) -> Frame { render(model, size: size ?? model.size) }

  /// The rows of the screen.
  var lines: [Substring] { frame().text.split(separator: "\n", omittingEmptySubsequences: false) }
}

extension Frame {
  /// Whether nothing on it needs more than ASCII.
  var isSevenBit: Bool { text.unicodeScalars.allSatisfy { $0.isASCII } }
}
