import Control
import Fleet
import Foundation
import GRDB
import Testing

@testable import Journal

@Suite struct JournalWriterTests {
  @Test func anIntentIsOnTheDiskWhenItsCompletionComes() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    for number in 1...20 {
      let head = try await withCheckedContinuation { continuation in
        writer.record(intent: intent(UInt64(number))) { continuation.resume(returning: $0) }
      }.get()
      // Through another connection, as another process would see it.
      let records = try await JournalReader(scratch.location).audit(AuditQuery(kinds: [.intent]))
      #expect(records.last?.draft.order == UInt64(number))
      #expect(records.last?.sequence == head.sequence)
    }
    await writer.close()
    #expect(writer.health.problem == .closed)
  }

  @Test func manyIntentsShareTransactionsAndKeepTheirOrder() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    let answers = Answers<Result<AuditHead, JournalProblem>>()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<8 {
        group.addTask {
          for number in 0..<250 {
            await withCheckedContinuation { continuation in
              writer.record(intent: intent(UInt64(task * 1000 + number))) {
                answers.add($0)
                continuation.resume()
              }
            }
          }
        }
      }
    }
    await writer.close()
    #expect(answers.all.count == 2000)
    #expect(answers.all.filter { !$0.isSuccess }.isEmpty)
    let reader = try JournalReader(scratch.location)
    let verdict = try await reader.verifyAudit()
    #expect(verdict.isIntact && verdict.records == 2002)
    let orders = try await reader.audit(AuditQuery(kinds: [.intent], limit: 5000)).compactMap(\.draft.order)
    for task in 0..<8 as Range<UInt64> {
      let own = orders.filter { $0 / 1000 == task }
      #expect(own == own.sorted())
    }
  }

  @Test func filesArePrivate() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    _ = try await writer.restore()
    var status = stat()
    #expect(lstat(scratch.location.directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
    for suffix in ["", "-wal", "-shm"] {
      #expect(lstat(scratch.location.database + suffix, &status) == 0, "\(suffix)")
      #expect(status.st_mode & 0o777 == 0o600, "\(suffix)")
    }
    await writer.close()
    #expect(lstat(scratch.location.anchor, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func afterCloseEverythingIsRefused() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    await writer.close()
    await writer.close()
    let answer = await withCheckedContinuation { continuation in
      writer.record(intent: intent(1)) { continuation.resume(returning: $0) }
    }
    #expect(answer.failure == .closed)
    await #expect(throws: JournalProblem.closed) { try await writer.flush() }
  }

  @Test func aLiveCopyOfTheFilesIsWhole() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    _ = try await writer.restore()
    // What a kill leaves: the files as they are at some instant, the log not checkpointed.
    var promised: [Int64] = []
    for number in 1...60 {
      let head = try await withCheckedContinuation { continuation in
        writer.record(intent: intent(UInt64(number))) { continuation.resume(returning: $0) }
      }.get()
      promised.append(head.sequence)
      guard number.isMultiple(of: 10) else { continue }
      let copy = try Scratch()
      try FileManager.default.createDirectory(
        atPath: copy.location.directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(
          atPath: scratch.location.database + suffix, toPath: copy.location.database + suffix)
      }
      let survivor = JournalWriter(copy.location, session: .test)
      let restored = try await survivor.restore()
      await survivor.close()
      #expect(restored.interrupted.count == number)
      let reader = try JournalReader(copy.location)
      #expect(try await reader.verifyAudit().isIntact)
      let found = try await reader.audit(AuditQuery(kinds: [.intent])).map(\.sequence)
      #expect(found == promised)
    }
    await writer.close()
  }

  @Test func aTornLogLosesNoPromisedRecordBeforeTheTear() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    _ = try await writer.restore()
    for number in 1...10 {
      _ = try await withCheckedContinuation { continuation in
        writer.record(intent: intent(UInt64(number))) { continuation.resume(returning: $0) }
      }.get()
    }
    let copy = try Scratch()
    try FileManager.default.createDirectory(
      atPath: copy.location.directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try FileManager.default.copyItem(atPath: scratch.location.database, toPath: copy.location.database)
    // A frame half written when the power went: the bytes after it are garbage.
    var log = try Data(contentsOf: URL(fileURLWithPath: scratch.location.database + "-wal"))
    log.append(contentsOf: (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
    try log.write(to: URL(fileURLWithPath: copy.location.database + "-wal"))
    await writer.close()
    let survivor = JournalWriter(copy.location, session: .test)
    #expect(try await survivor.restore().interrupted.count == 10)
    await survivor.close()
    #expect(try await JournalReader(copy.location).verifyAudit().isIntact)
  }

  @Test func aReaderSeesWhatAWriterCommits() async throws {
    let scratch = try Scratch()
    let writer = JournalWriter(scratch.location, session: .test)
    _ = try await writer.restore()
    let reader = try JournalReader(scratch.location)
    for number in 1...5 as ClosedRange<UInt64> {
      _ = try await withCheckedContinuation { continuation in
        writer.record(intent: intent(number)) { continuation.resume(returning: $0) }
      }.get()
      #expect(try await reader.audit(AuditQuery(kinds: [.intent])).count == Int(number))
      #expect(try await reader.verifyAudit().isIntact)
    }
    await writer.close()
    #expect(try await reader.audit(AuditQuery(kinds: [.stopped])).count == 1)
  }

  @Test func aSecondWriterOnTheSameFileKeepsTheChain() async throws {
    let scratch = try Scratch()
    let engine = JournalWriter(scratch.location, session: .test)
    _ = try await engine.restore()
    var command = JournalSession.test
    command.controls = false
    let shell = JournalWriter(scratch.location, session: command)
    for number in 1...30 as ClosedRange<UInt64> {
      async let one = withCheckedContinuation { continuation in
        engine.record(intent: intent(number)) { continuation.resume(returning: $0.isSuccess) }
      }
      async let two = withCheckedContinuation { continuation in
        shell.record(AuditDraft(kind: .hold, at: WallTime(milliseconds: 0), actor: "bob")) {
          continuation.resume(returning: $0.isSuccess)
        }
      }
      let both = await (one, two)
      #expect(both.0 && both.1)
    }
    await shell.close()
    await engine.close()
    let reader = try JournalReader(scratch.location)
    let verdict = try await reader.verifyAudit()
    #expect(verdict.isIntact && verdict.records == 62)
    // The command neither began nor ended the watch, and did not close the engine's open writes.
    #expect(try await reader.audit(AuditQuery(kinds: [.outcome])).isEmpty)
  }

  @Test func aJournalNobodyWroteIsMissing() throws {
    let scratch = try Scratch()
    #expect(throws: JournalProblem.missing(path: scratch.location.database)) {
      try JournalReader(scratch.location)
    }
  }
}
