import Control
import Fleet

/// The engine's newest snapshot for requests, asked for when one comes: an engine that nobody looks at makes none.
/// Requests within a short time share an answer, so that many scrapers cost as much as one.
actor SnapshotSource {
  private let engine: any FleetEngine
  private let now: @Sendable () -> WallTime
  private let patience: Duration
  private var last: (snapshot: FleetSnapshot, at: WallTime)?
  private var asking: Task<FleetSnapshot?, Never>?

  /// - Parameter patience: how long the engine may take before a request is answered without it.
  init(_ engine: any FleetEngine, now: @escaping @Sendable () -> WallTime, patience: Duration) {
    self.engine = engine
    self.now = now
    self.patience = patience
  }

  /// `nil`: the engine gave none in time, or has stopped.
  func newest() async -> FleetSnapshot? {
    let time = now()
    if let last, abs((time - last.at).milliseconds) < 200 { return last.snapshot }
    if let asking { return await asking.value }
    let task = Task { [engine, patience] in await Self.ask(engine, patience) }
    asking = task
    let snapshot = await task.value
    asking = nil
    if let snapshot { last = (snapshot, time) }
    return snapshot
  }

  private static func ask(_ engine: any FleetEngine, _ patience: Duration) async -> FleetSnapshot? {
    await withTaskGroup(of: FleetSnapshot?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() { return snapshot }
        return nil
      }
      group.addTask {
        try? await Task.sleep(for: patience)
        return nil
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }
}
