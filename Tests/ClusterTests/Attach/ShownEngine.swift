import Control
import Fleet
import Foundation
import Logging
import Observability
import Synchronization

/// An engine that shows what a test puts into it: the operator at the other end.
final class ShownEngine: FleetEngine {
  private struct State {
    var snapshot: FleetSnapshot
    var readers: [Int: AsyncStream<FleetSnapshot>.Continuation] = [:]
    var next = 0
    var commands: [FleetCommand] = []
  }
  private let state: Mutex<State>
  let past: [DeviceHistory]
  let wanted: [String: Provenance]

  init(_ snapshot: FleetSnapshot, past: [DeviceHistory] = [], wanted: [String: Provenance] = [:]) {
    state = Mutex(State(snapshot: snapshot))
    self.past = past
    self.wanted = wanted
  }

  var capabilities: Capabilities { Capabilities(mode: .control) }
  var commands: [FleetCommand] { state.withLock(\.commands) }

  func show(_ change: (inout FleetSnapshot) -> Void) {
    state.withLock { state in
      change(&state.snapshot)
      state.snapshot.sequence += 1
      for reader in state.readers.values { reader.yield(state.snapshot) }
    }
  }

  func snapshots() -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let number = state.withLock { state in
      state.next += 1
      state.readers[state.next] = continuation
      continuation.yield(state.snapshot)
      return state.next
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.readers.removeValue(forKey: number) }
    }
    return stream
  }

  func submit(_ command: FleetCommand) async -> CommandOutcome {
    state.withLock { $0.commands.append(command) }
    return .refused(["a test"])
  }
  func plan(_ scope: SyncScope) async -> SyncPlan { SyncPlan(steps: []) }
  func history(_ query: HistoryQuery) async throws -> [DeviceHistory] {
    past.filter { query.devices.contains($0.device) }
  }
  func provenance(of device: DeviceID) async -> [String: Provenance] { wanted }
  func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("a test")
  }

  /// Serves the read-only API on a socket until the task is cancelled.
  func serve(on path: String) -> Task<Void, any Error> {
    var options = ObservabilityOptions()
    options.socketPath = path
    options.pingEvery = .milliseconds(200)
    let server = ObservabilityServer(
      engine: self, registry: MetricRegistry(), options: options,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { Shown.wall() })
    return Task { try await server.run() }
  }
}

/// Devices and snapshots for tests.
enum Shown {
  static func wall() -> WallTime {
    WallTime(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
  }

  static func device(
    _ name: String, desired: RegisterValue = .real(72.5), actual: RegisterValue = .real(72.5), at: WallTime,
    _ change: (inout DeviceSpec, inout DeviceView) -> Void = { _, _ in }
  ) -> DeviceSnapshot {
    let register = RegisterSpec(
      name: "setpoint", address: 4001, type: .float32, order: .cdab, scale: 0.5, unit: "°C",
      desired: desired, tolerance: 0.5, minimum: 20, maximum: 95, maxStep: 5, autoCorrect: false)
    var spec = DeviceSpec(
      id: DeviceID(name: name), address: "192.0.2.1", port: 1502, unitID: 7, addressBase: 1,
      pollInterval: .seconds(2), registers: [register], tags: ["line"],
      labels: [.init(key: "zone", value: "a")])
    var view = DeviceView(
      phase: .connected, status: desired == actual ? .inSync : .drifted,
      registers: [
        RegisterView(
          spec: register, actual: actual, rawWords: [0x4291, 0], lastRead: at, inSync: desired == actual,
          driftEvents: 3, corrections: 2, lastOutcome: .reverted(actual: .real(60), after: .seconds(2)),
          budgetLeft: 57)
      ], driftEvents: 3, corrections: 2, lastRead: at, message: "a message")
    change(&spec, &view)
    view.registers = view.registers.enumerated().map { index, register in
      var register = register
      register.spec = spec.registers[index]
      return register
    }
    return DeviceSnapshot(
      spec: spec, view: view, sources: [SourceLocation(file: "plant/\(name).yaml", line: 7)],
      acknowledgedBy: "anna")
  }

  static func fleet(_ devices: [DeviceSnapshot], events: [FleetEvent] = []) -> FleetSnapshot {
    let now = wall()
    return FleetSnapshot(
      sequence: 1, at: now, mode: .control,
      source: SourceStatus(
        origin: "/srv/plant", revision: "main@sha1:0123", author: "Anna", time: now, subject: "Warm up",
        state: .good),
      health: EngineHealth(pollLag: .milliseconds(3), pollsPerSecond: 12.5, connections: 3),
      devices: devices, events: events)
  }

  /// The first snapshot that fits; fails the wait after a generous time.
  static func first(
    of engine: some FleetEngine, within limit: Duration = .seconds(60),
    where condition: @escaping @Sendable (FleetSnapshot) -> Bool
  ) async -> FleetSnapshot? {
    await withTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() where condition(snapshot) { return snapshot }
        return nil
      }
      group.addTask {
        try? await Task.sleep(for: limit)
        return nil
      }
      defer { group.cancelAll() }
      return await group.next() ?? nil
    }
  }

  static func socketPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("fg-\(UInt32.random(in: 0 ... .max)).sock")
      .path
  }
}
