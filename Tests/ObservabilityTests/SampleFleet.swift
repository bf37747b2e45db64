import Control
import Fleet
import Foundation
import Synchronization

/// Ten past twelve on a day of the tests.
let noon = WallTime(milliseconds: 1_800_000_600_000)

/// An engine that shows what a test puts into it.
final class SampleEngine: FleetEngine {
  private struct State {
    var snapshot: FleetSnapshot?
    var readers: [Int: AsyncStream<FleetSnapshot>.Continuation] = [:]
    var next = 0
    var submitted = 0
  }
  private let state = Mutex(State())
  let past: @Sendable (HistoryQuery) throws -> [DeviceHistory]

  init(
    _ snapshot: FleetSnapshot?,
    past: @escaping @Sendable (HistoryQuery) throws -> [DeviceHistory] = { _ in [] }
  ) {
    self.past = past
    state.withLock { $0.snapshot = snapshot }
  }

  var capabilities: Capabilities { Capabilities(mode: .control) }
  var readers: Int { state.withLock(\.readers.count) }
  /// Readers that ever came.
  var everRead: Int { state.withLock(\.next) }
  var submitted: Int { state.withLock(\.submitted) }

  func show(_ snapshot: FleetSnapshot) {
    let readers = state.withLock { state in
      state.snapshot = snapshot
      return Array(state.readers.values)
    }
    for reader in readers { reader.yield(snapshot) }
  }

  func snapshots() -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let (number, first) = state.withLock { state in
      state.next += 1
      state.readers[state.next] = continuation
      return (state.next, state.snapshot)
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.readers.removeValue(forKey: number) }
    }
    if let first { continuation.yield(first) }
    return stream
  }

  func submit(_ command: FleetCommand) async -> CommandOutcome {
    state.withLock { $0.submitted += 1 }
    return .refused(["a test"])
  }
  func plan(_ scope: SyncScope) async -> SyncPlan { SyncPlan(steps: []) }
  func history(_ query: HistoryQuery) async throws -> [DeviceHistory] { try past(query) }
  func provenance(of device: DeviceID) async -> [String: Provenance] { [:] }
  func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("a test")
  }
}

func register(
  _ name: String, desired: RegisterValue? = nil, actual: RegisterValue? = nil, inSync: Bool? = nil,
  _ change: (inout RegisterView) -> Void = { _ in }
) -> RegisterView {
  let spec = RegisterSpec(name: name, address: 4001, type: .float32, unit: "°C", desired: desired)
  var view = RegisterView(
    spec: spec, actual: actual, rawWords: [0x4291, 0], lastRead: actual == nil ? nil : noon, inSync: inSync,
    budgetLeft: 60)
  change(&view)
  return view
}

func device(
  _ name: String, namespace: String = "default", phase: Phase = .connected, status: DeviceStatus = .inSync,
  registers: [RegisterView] = [register("setpoint", desired: .real(72.5), actual: .real(72.5), inSync: true)],
  _ change: (inout DeviceView) -> Void = { _ in }
) -> DeviceSnapshot {
  let id = DeviceID(namespace: namespace, name: name)
  var view = DeviceView(
    phase: phase, status: status, registers: registers, lastRead: noon, message: "in sync")
  change(&view)
  return DeviceSnapshot(
    spec: DeviceSpec(id: id, address: "192.0.2.1", registers: registers.map(\.spec)), view: view,
    sources: [SourceLocation(file: "plant/\(name).yaml", line: 7)])
}

func snapshot(
  _ devices: [DeviceSnapshot], sequence: UInt64 = 1, events: [FleetEvent] = [],
  _ change: (inout FleetSnapshot) -> Void = { _ in }
) -> FleetSnapshot {
  var snapshot = FleetSnapshot(
    sequence: sequence, at: noon, mode: .control,
    source: SourceStatus(
      origin: "git@example.com:plant.git", revision: "main@sha1:0123abcd", author: "Ada", time: noon,
      subject: "Warm up zone 1", state: .good),
    health: EngineHealth(pollLag: .milliseconds(3), pollsPerSecond: 12.5, connections: 3),
    devices: devices.sorted { $0.id < $1.id }, events: events)
  change(&snapshot)
  return snapshot
}

/// Compares with a file beside the tests; `RECORD=1` writes it.
func golden(_ name: String, _ found: String) throws -> String {
  let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Golden/\(name)")
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(found.utf8).write(to: url)
  }
  return String(decoding: try Data(contentsOf: url), as: UTF8.self)
}
