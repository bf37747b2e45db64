import Control
import Fleet
import Foundation
import Journal
import LocalEngine

/// An operator's word, put into the journal by a process that does not run the control loop: the one that does takes
/// it up within a second, or the next one finds it there.
struct OverrideRecord {
  struct Entry {
    var draft: AuditDraft
    var change: OverrideChange
    /// For the history of the device.
    var event: FleetEvent
  }

  /// Writes all entries, durable before it returns. Where a process controls the devices it waits until that one
  /// has taken them up.
  ///
  /// - Returns: who took them up (`anna, pid 4711, since …`); `nil`: nobody controls the devices now.
  @discardableResult
  static func write(_ entries: [Entry], to choice: SourceChoice, verb: String) async throws -> String? {
    var lock: ControllerLock?
    var controller: String?
    switch ControllerLock.acquire(in: LocalSession.directory(choice), user: Operator.name, since: Date()) {
    case .acquired(let taken): lock = taken
    case .heldBy(let holder): controller = holder
    case .heldElsewhere(let holder):
      throw CommandFailure(
        .refused,
        "fabctl: \(verb) refused: \(holder) controls these devices from another user's account or with another "
          + "--path, with a journal of its own; say it there")
    case .unavailable(let problem):
      throw CommandFailure(.refused, "fabctl: \(verb) refused: \(problem.reason)")
    }
    let writer = JournalWriter(
      try SetJournal.location(choice),
      session: JournalSession(program: Build.line, actor: Operator.name, pid: getpid(), controls: false))
    let result = await record(entries, writer, withEvents: controller == nil)
    await writer.close()
    withExtendedLifetime(lock) {}
    switch result {
    case .failure(let problem):
      throw CommandFailure(.refused, "fabctl: \(verb) was not recorded: \(problem)")
    case .success(let last):
      if let controller { try await waitUntilTakenUp(last, by: controller, choice, verb) }
      return controller
    }
  }

  /// How long a controller that runs may take. It looks twice a second.
  private static let patience = Duration.seconds(10)

  private static func waitUntilTakenUp(
    _ sequence: Int64, by controller: String, _ choice: SourceChoice, _ verb: String
  ) async throws {
    let deadline = ContinuousClock.now + patience
    let reader = try SetJournal.reader(choice)
    while ContinuousClock.now < deadline {
      let query = AuditQuery(kinds: [.takenUp], after: sequence, limit: 1000)
      let records = (try? await reader?.audit(query)) ?? []
      if records.contains(where: { ($0.draft.takenUpTo ?? 0) >= sequence }) { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw CommandFailure(
      .timedOut,
      "fabctl: \(verb) is recorded, but \(controller) has not taken it up within 10 s: look at its screen, "
        + "or stop it; the next controller will find it")
  }

  /// The last record's sequence. A controller that runs tells the events itself.
  private static func record(
    _ entries: [Entry], _ writer: JournalWriter, withEvents: Bool
  ) async -> Result<Int64, JournalProblem> {
    var last: Int64 = 0
    for entry in entries {
      // One at a time: each is durable, or the rest is not tried.
      let result: Result<AuditHead, JournalProblem> = await withCheckedContinuation { continuation in
        let once = OnceOnly(continuation)
        writer.record(entry.draft, change: entry.change) { once.resume($0) }
        // What cannot be written waits inside the writer; a command must not.
        Task.detached {
          try? await Task.sleep(for: .seconds(10))
          once.resume(.failure(writer.health.problem ?? .notOpenYet))
        }
      }
      switch result {
      case .failure(let problem): return .failure(problem)
      case .success(let head): last = head.sequence
      }
      if withEvents { writer.record(entry.event) }
    }
    do throws(JournalProblem) { try await writer.flush() } catch { return .failure(error) }
    return .success(last)
  }
}

/// The first of two answers counts.
private final class OnceOnly<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var continuation: CheckedContinuation<Value, Never>?

  init(_ continuation: CheckedContinuation<Value, Never>) { self.continuation = continuation }

  func resume(_ value: Value) {
    let waiting = lock.withLock {
      defer { continuation = nil }
      return continuation
    }
    waiting?.resume(returning: value)
  }
}
