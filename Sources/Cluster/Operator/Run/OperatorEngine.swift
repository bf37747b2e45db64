import Control
import Fleet
import LocalEngine
import Synchronization

/// The operator as its endpoints see it: the engine of the present term, or a replica that stands by.
///
/// Engines come and go with leadership; readers stay. Sequence numbers go on over all of them.
public final class OperatorEngine: FleetEngine {
  private struct State {
    var engine: LocalEngine?
    var latest: FleetSnapshot
    var sequence: UInt64 = 0
    var readers: [Int: AsyncStream<FleetSnapshot>.Continuation] = [:]
    var nextReader = 0
    var isFinished = false
  }

  public let capabilities: Capabilities
  private let state: Mutex<State>

  init(mode: FleetMode, why: String, origin: String, at now: WallTime) {
    let reason = "ask through the resource's annotations (fabctl does)"
    var missing: [Capabilities.Ability: String] = [:]
    for ability in [Capabilities.Ability.sync, .hold, .shelve, .suspend, .adopt] {
      missing[ability] = why.isEmpty ? reason : "read-only: \(why)"
    }
    capabilities = Capabilities(mode: mode, missing: missing)
    let standby = FleetSnapshot(
      sequence: 0, at: now, mode: mode, source: SourceStatus(origin: origin),
      gates: FleetGates(mode: mode, leadershipUntil: nil))
    state = Mutex(State(latest: standby))
  }

  // MARK: For the controller

  func begin(_ engine: LocalEngine) { state.withLock { $0.engine = engine } }

  /// What the engine of the present term shows.
  func show(_ snapshot: FleetSnapshot) {
    state.withLock { state in
      guard !state.isFinished else { return }
      state.sequence += 1
      state.latest = snapshot
      state.latest.sequence = state.sequence
      for reader in state.readers.values { reader.yield(state.latest) }
    }
  }

  /// No engine (any more): what this replica knows while it stands by.
  func standBy(for leader: String, source: SourceStatus, at now: WallTime) {
    var snapshot = state.withLock { state in
      state.engine = nil
      return state.latest
    }
    snapshot.at = now
    snapshot.source = source
    snapshot.devices = []
    snapshot.operations = []
    snapshot.health = EngineHealth(controller: leader.isEmpty ? nil : leader)
    snapshot.gates.leadershipUntil = nil
    snapshot.gates.leader = leader
    snapshot.totals =
      FleetSnapshot(
        sequence: 0, at: now, mode: snapshot.mode, source: source
      ).totals
    show(snapshot)
  }

  func finish() {
    let readers = state.withLock { state in
      state.isFinished = true
      defer { state.readers.removeAll() }
      return Array(state.readers.values)
    }
    // Not under the lock: a reader that ends takes itself off the list.
    for reader in readers { reader.finish() }
  }

  private var engine: LocalEngine? { state.withLock(\.engine) }

  // MARK: For readers

  public func snapshots() -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let token = state.withLock { state -> Int? in
      guard !state.isFinished else { return nil }
      state.nextReader += 1
      state.readers[state.nextReader] = continuation
      continuation.yield(state.latest)
      return state.nextReader
    }
    guard let token else {
      continuation.finish()
      return stream
    }
    continuation.onTermination = { [weak self] _ in
      _ = self?.state.withLock { $0.readers.removeValue(forKey: token) }
    }
    return stream
  }

  /// What people ask for comes through the API server, where permissions are checked; never from here.
  public func submit(_ command: FleetCommand) async -> CommandOutcome {
    .refused(["the operator takes requests through annotations only"])
  }

  public func plan(_ scope: SyncScope) async -> SyncPlan {
    await engine?.plan(scope) ?? SyncPlan(steps: [])
  }

  public func history(_ query: HistoryQuery) async throws -> [DeviceHistory] {
    guard let engine else { return [] }
    return try await engine.history(query)
  }

  public func provenance(of device: DeviceID) async -> [String: Provenance] {
    await engine?.provenance(of: device) ?? [:]
  }

  public func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    .refused("adopt: the operator changes no resource; change it where it is written down")
  }
}
