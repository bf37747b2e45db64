import Control
import Fleet
import Foundation
import Testing

@testable import Journal

@Suite struct OperatorWordsTests {
  private let shell = JournalSession(program: "shell 1.0", actor: "ada", pid: 43, controls: false)

  private func say(
    _ kind: AuditKind, by session: JournalSession, _ scratch: Scratch,
    at time: WallTime = JournalClock.now().wall
  ) async throws -> Int64 {
    let writer = JournalWriter(scratch.location, session: session)
    let head = await withCheckedContinuation { continuation in
      writer.record(
        AuditDraft(kind: kind, at: time, actor: session.actor, detail: "smoke")
      ) {
        continuation.resume(returning: $0)
      }
    }
    await writer.close()
    return try head.get().sequence
  }

  /// Others' words, each once and in their order; not what the controller said itself, and not what is known.
  @Test func wordsOfOthersAreHeardAsTheyAreSaid() async throws {
    let scratch = try Scratch()
    let known = try await say(.hold, by: shell, scratch)
    var heard = JournalDoor(scratch.location).words(after: known).makeAsyncIterator()

    _ = try await say(.hold, by: .test, scratch)
    let first = try await say(.release, by: shell, scratch)
    #expect(await heard.next()?.words == [.init(sequence: first, command: .release(by: "ada"))])
    let second = try await say(.hold, by: shell, scratch)
    #expect(
      await heard.next()?.words == [.init(sequence: second, command: .hold(reason: "smoke", by: "ada"))])
  }

  /// A journal that was not there when the engine began.
  @Test func whatIsSaidIntoAJournalThatIsMadeLaterIsHeard() async throws {
    let scratch = try Scratch()
    var heard = JournalDoor(scratch.location).words(after: 0).makeAsyncIterator()
    try await Task.sleep(for: .milliseconds(300))
    let first = try await say(.hold, by: shell, scratch)
    #expect(
      await heard.next()?.words == [.init(sequence: first, command: .hold(reason: "smoke", by: "ada"))])
  }

  /// A damaged journal is moved away and a new one made, whose records are counted from 1 again; or an old copy is put
  /// in its place: what that tells of the past is not said now.
  @Test(arguments: [false, true]) func whatIsSaidIntoAnotherFileIsHeard(_ isAnOldCopy: Bool) async throws {
    let scratch = try Scratch()
    var known: Int64 = 0
    for _ in 0..<20 { known = try await say(.hold, by: .test, scratch) }
    var heard = JournalDoor(scratch.location).words(after: known).makeAsyncIterator()
    let first = try await say(.release, by: shell, scratch)
    #expect(await heard.next()?.words == [.init(sequence: first, command: .release(by: "ada"))])

    for name in ["journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "audit.head"] {
      unlink(scratch.location.directory + "/" + name)
    }
    if isAnOldCopy {
      _ = try await say(.release, by: shell, scratch, at: JournalClock.now().wall + .seconds(-86_400))
    }
    let second = try await say(.hold, by: shell, scratch)
    #expect(second < known)
    #expect(
      await heard.next()?.words == [.init(sequence: second, command: .hold(reason: "smoke", by: "ada"))])
  }

  @Test func theThreadEndsWithItsReader() async throws {
    let scratch = try Scratch()
    _ = try await say(.hold, by: .test, scratch)
    weak var door: JournalDoor?
    do {
      let strong = JournalDoor(scratch.location)
      door = strong
      let task = Task { for await _ in strong.words(after: 0) {} }
      task.cancel()
      await task.value
    }
    let end = ContinuousClock.now + .seconds(60)
    while door != nil, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
    #expect(door == nil)
  }
}
