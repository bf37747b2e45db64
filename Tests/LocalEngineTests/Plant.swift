import Control
import Fleet
import LocalEngine
import MockPLC
import NIOPosix
import Testing

/// An engine over mock PLCs on real sockets.
struct Plant {
  let fleet: MockFleet
  let source = ScriptedSource()
  let engine: LocalEngine

  /// No measure: only a test that would wait for ever ends with it.
  static let patience: Duration = .seconds(120)

  init(
    values: [UInt16], mode: FleetMode = .control, journal: JournalChoice? = nil,
    hooks: EngineHooks = .init(), adjust: (inout DeviceSpec) -> Void = { _ in }
  ) async throws {
    fleet = try await MockFleet.start(
      FleetConfiguration(plcs: values.map { .simple(register: 4001, value: $0) }))
    var settings = EngineSettings(mode: mode)
    settings.snapshotInterval = .milliseconds(10)
    engine = try await LocalEngine(
      source: source, origin: "test", settings: settings, journal: journal,
      loop: MultiThreadedEventLoopGroup.singleton.next(), hooks: hooks)
    source.desire(specs(adjust))
  }

  /// `line-1`, `line-2`, …, all desiring 2500 in register 4001.
  func specs(_ adjust: (inout DeviceSpec) -> Void = { _ in }) -> [DeviceSpec] {
    fleet.ports.enumerated().map { index, port in
      var spec = DeviceSpec(
        id: DeviceID(name: "line-\(index + 1)"), address: "127.0.0.1", port: port,
        // On a loaded machine an answer may take its time; that is not what is tested.
        timeout: .seconds(15),
        pollInterval: .seconds(1),
        registers: [RegisterSpec(name: "setpoint", address: 4001, desired: .integer(2500))])
      adjust(&spec)
      return spec
    }
  }

  /// Waits for a snapshot that satisfies the condition.
  func snapshot(
    _ what: String, where condition: @escaping @Sendable (FleetSnapshot) -> Bool
  ) async throws -> FleetSnapshot {
    let engine = engine
    let found = try await withThrowingTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() where condition(snapshot) { return snapshot }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: Self.patience)
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    return try #require(found, "no snapshot with \(what) within \(Self.patience)")
  }

  func value(_ plc: Int) async throws -> UInt16? { try await fleet.peek(4001, plc: plc).first }

  func stop() async {
    await engine.stop()
    await fleet.stop()
  }
}

extension FleetSnapshot {
  func device(_ name: String) -> DeviceSnapshot? { devices.first { $0.id.name == name } }
  func events(_ reason: String, of name: String) -> Int {
    events.count { $0.reason == reason && $0.device?.name == name }
  }
}
