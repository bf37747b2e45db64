import Control
import Fleet
import Foundation
import Journal
import LocalEngine

/// An operator's word, put into the journal by a process that does not run the control loop: the next one that does
/// finds it there.
struct OverrideRecord {
  struct Entry {
    var draft: AuditDraft
    var change: OverrideChange
    /// For the history of the device.
    var event: FleetEvent
  }

  /// Writes all entries, durable before it returns. Refuses while another process controls the devices: it would
  /// not notice.
  static func write(_ entries: [Entry], to choice: SourceChoice, verb: String) async throws {
    let lock: ControllerLock
    switch ControllerLock.acquire(in: LocalSession.directory(choice), user: Operator.name, since: Date()) {
    case .acquired(let taken): lock = taken
    case .heldBy(let holder):
      throw CommandFailure(
        .refused,
        "fabctl: \(verb) refused: \(holder) controls these devices and would not notice; use that screen")
    case .unavailable(let problem):
      throw CommandFailure(.refused, "fabctl: \(verb) refused: \(problem.reason)")
    }
    let writer = JournalWriter(
      try SetJournal.location(choice),
      session: JournalSession(program: Build.line, actor: Operator.name, pid: getpid(), controls: false))
    let problem = await record(entries, writer)
    await writer.close()
    withExtendedLifetime(lock) {}
    if let problem { throw CommandFailure(.refused, "fabctl: \(verb) was not recorded: \(problem)") }
  }

  private static func record(_ entries: [Entry], _ writer: JournalWriter) async -> JournalProblem? {
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
      if case .failure(let problem) = result { return problem }
      writer.record(entry.event)
    }
    do throws(JournalProblem) { try await writer.flush() } catch { return error }
    return nil
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
