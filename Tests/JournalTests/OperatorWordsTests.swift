import Control
import Fleet
import Testing

@testable import Journal

@Suite struct OperatorWordsTests {
  private func say(_ kind: AuditKind, by session: JournalSession, _ scratch: Scratch) async throws -> Int64 {
    let writer = JournalWriter(scratch.location, session: session)
    let head = await withCheckedContinuation { continuation in
      writer.record(
        AuditDraft(kind: kind, at: WallTime(milliseconds: 1), actor: session.actor, detail: "smoke")
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
    let shell = JournalSession(program: "shell 1.0", actor: "ada", pid: 43, controls: false)
    let known = try await say(.hold, by: shell, scratch)
    let reader = try JournalReader(scratch.location)
    var heard = reader.words(after: known).makeAsyncIterator()

    _ = try await say(.hold, by: .test, scratch)
    let first = try await say(.release, by: shell, scratch)
    #expect(await heard.next()?.words == [.init(sequence: first, command: .release(by: "ada"))])
    let second = try await say(.hold, by: shell, scratch)
    #expect(
      await heard.next()?.words == [.init(sequence: second, command: .hold(reason: "smoke", by: "ada"))])
  }

  @Test func theThreadEndsWithItsReader() async throws {
    let scratch = try Scratch()
    _ = try await say(.hold, by: .test, scratch)
    weak var reader: JournalReader?
    do {
      let strong = try JournalReader(scratch.location)
      reader = strong
      let task = Task { for await _ in strong.words(after: nil) {} }
      task.cancel()
      await task.value
    }
    let end = ContinuousClock.now + .seconds(60)
    while reader != nil, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(20)) }
    #expect(reader == nil)
  }
}
