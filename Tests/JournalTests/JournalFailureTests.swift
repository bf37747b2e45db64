import Control
import Fleet
import Foundation
import GRDB
import Testing

@testable import Journal

/// Whether this process may mount file systems: root in a machine or a privileged container.
let mayMount: Bool = {
  let path = NSTemporaryDirectory() + "fabgitops-mount-\(UUID().uuidString)"
  guard mkdir(path, 0o700) == 0 else { return false }
  defer { rmdir(path) }
  guard mount("tmpfs", path, "tmpfs", 0, "size=64k") == 0 else { return false }
  umount(path)
  return true
}()

@Suite struct JournalFailureTests {
  // MARK: Disk full

  /// Lets the file grow by a few pages and no more.
  private func limit(_ bench: Bench, spare: Int) throws {
    let store = try #require(bench.worker.store)
    try store.queue.writeWithoutTransaction { db in
      let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
      try db.execute(sql: "PRAGMA max_page_count = \(pages + spare)")
    }
  }

  @Test func aFullDiskFailsIntentsSaysSoAndHeals() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    #expect(bench.health.problem == nil)
    try limit(bench, spare: 0)
    var refused: Answers<Result<AuditHead, JournalProblem>>?
    var accepted: UInt64 = 0
    for number in 1...200 as ClosedRange<UInt64> {
      let answer = bench.record(intent: intent(number))
      bench.turn()
      if answer.all.first?.isSuccess == true { accepted = number } else { refused = answer }
      if refused != nil { break }
    }
    let full = JournalProblem.diskFull(path: scratch.location.database)
    #expect(refused?.all.first?.failure == full)
    #expect(bench.health.problem == full)
    // While it stands: at once, without touching the disk; what is not an intent waits.
    let soon = bench.record(intent: intent(1001))
    let held = bench.record(
      AuditDraft(
        kind: .hold, at: bench.clock.now.wall, actor: "alice", detail: String(repeating: "why ", count: 5000))
    )
    bench.turn(after: .milliseconds(10))
    #expect(soon.all.first?.failure == full)
    #expect(held.all.isEmpty)
    // Still full at the next try.
    bench.turn(after: .seconds(6))
    #expect(held.all.isEmpty && bench.health.problem == full)
    try limit(bench, spare: 10_000)
    bench.turn(after: .seconds(6))
    #expect(held.all.first?.isSuccess == true)
    #expect(bench.health.problem == nil)
    let after = bench.record(intent: intent(1002))
    bench.turn()
    #expect(after.all.first?.isSuccess == true)
    bench.close()
    let reader = try JournalReader(scratch.location)
    #expect(try await reader.verifyAudit().isIntact)
    let orders = try await reader.audit(AuditQuery(kinds: [.intent])).compactMap(\.draft.order)
    #expect(orders == Array(1...accepted) + [1002])
    #expect(bench.healths.all.map(\.problem).contains(full))
  }

  @Test func aFullDiskKeepsEventsAndDropsTheOldestSamplesFirst() async throws {
    let scratch = try Scratch()
    var options = JournalOptions()
    options.maxWaitingSamples = 100
    options.maxWaitingEvents = 50
    let bench = Bench(scratch, options: options)
    bench.turn()
    try limit(bench, spare: 0)
    let series = bench.shared.state.withLock { $0.series(SeriesName(device: plc, register: "r")) }
    for second in 0..<300 {
      let at = bench.clock.now.wall
      bench.shared.state.withLock { state in
        state.inbox.add([Sample(series: series, at: at, value: Double(second))])
        state.inbox.add(
          EventEntry(
            event: FleetEvent(
              sequence: UInt64(second), at: at, severity: .info, device: plc, reason: "R",
              message: String(repeating: "m", count: 400)),
            mark: nil))
      }
      bench.turn(after: .seconds(1))
    }
    #expect(bench.health.problem == .diskFull(path: scratch.location.database))
    #expect(bench.health.droppedSamples > 0)
    #expect(bench.health.droppedEvents > 0)
    #expect(bench.worker.backlog.runs.count <= 100 && bench.worker.backlog.events.count <= 50)
    try limit(bench, spare: 10_000)
    bench.turn(after: .seconds(6))
    #expect(bench.health.problem == nil)
    bench.close()
    let kept = try scratch.number("SELECT sum(count) FROM raw")
    #expect(kept + Int(bench.health.droppedSamples) == 300)
    let events = try scratch.number("SELECT count(*) FROM events")
    #expect(events + Int(bench.health.droppedEvents) == 300)
  }

  @Test(.enabled(if: mayMount, "needs the right to mount a file system"))
  func aFullFileSystemIsToldApart() async throws {
    let scratch = try Scratch()
    mkdir(scratch.path, 0o700)
    #expect(mount("tmpfs", scratch.path, "tmpfs", 0, "size=1m") == 0)
    defer { umount2(scratch.path, Int32(MNT_DETACH)) }
    let bench = Bench(scratch)
    bench.turn()
    #expect(bench.health.problem == nil)
    let ballast = scratch.path + "/ballast"
    let file = open(ballast, O_WRONLY | O_CREAT, 0o600)
    let block = [UInt8](repeating: 7, count: 4096)
    while write(file, block, block.count) > 0 {}
    close(file)
    var last: Result<AuditHead, JournalProblem>?
    for number in 1...200 as ClosedRange<UInt64> {
      let answer = bench.record(intent: intent(number))
      bench.turn()
      last = answer.all.first
      if last?.isSuccess != true { break }
    }
    #expect(last?.failure == .diskFull(path: scratch.location.database))
    unlink(ballast)
    bench.turn(after: .seconds(6))
    #expect(bench.health.problem == nil)
    let after = bench.record(intent: intent(1000))
    bench.turn()
    #expect(after.all.first?.isSuccess == true)
    bench.close()
    #expect(try await JournalReader(scratch.location).verifyAudit().isIntact)
  }

  // MARK: Read-only

  @Test(.enabled(if: mayMount, "needs the right to mount a file system"))
  func aReadOnlyFileSystemAtTheStartIsStatedAndHeals() async throws {
    let scratch = try Scratch()
    mkdir(scratch.path, 0o700)
    #expect(mount("tmpfs", scratch.path, "tmpfs", UInt(MS_RDONLY), "size=4m") == 0)
    defer { umount2(scratch.path, Int32(MNT_DETACH)) }
    let bench = Bench(scratch)
    let first = bench.record(intent: intent(1))
    bench.turn()
    #expect(bench.health.problem == .readOnly(path: scratch.location.directory))
    #expect(first.all.first?.failure == .readOnly(path: scratch.location.directory))
    #expect(bench.health.problem?.description.contains("read-only") == true)
    #expect(mount("tmpfs", scratch.path, "tmpfs", UInt(MS_REMOUNT), "size=4m") == 0)
    let second = bench.record(intent: intent(2))
    bench.turn(after: .seconds(6))
    #expect(second.all.first?.isSuccess == true)
    #expect(bench.health.problem == nil)
    bench.close()
  }

  @Test func aDatabaseThatTurnsReadOnlyIsStatedAndHeals() throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    let store = try #require(bench.worker.store)
    try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 1") }
    let refused = bench.record(intent: intent(1))
    bench.turn()
    #expect(refused.all.first?.failure == .readOnly(path: scratch.location.database))
    try store.queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA query_only = 0") }
    bench.turn(after: .seconds(6))
    #expect(bench.health.problem == nil)
    bench.close()
  }

  // MARK: Not ours, not a journal

  @Test func aSymbolicLinkIsRefused() throws {
    let scratch = try Scratch()
    let elsewhere = scratch.path + "/elsewhere"
    try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: scratch.location.directory, withDestinationPath: elsewhere)
    let bench = Bench(scratch)
    bench.turn()
    #expect(bench.health.problem == .notPrivate(path: scratch.location.directory, why: "is a symbolic link"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere).isEmpty)
    bench.close()
  }

  @Test(arguments: ["", "-wal", "-shm"])
  func aLinkedFileIsRefused(_ suffix: String) throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true)
    let victim = scratch.path + "/victim"
    try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
    try FileManager.default.createSymbolicLink(
      atPath: scratch.location.database + suffix, withDestinationPath: victim)
    let bench = Bench(scratch)
    bench.turn()
    #expect(
      bench.health.problem == .notPrivate(path: scratch.location.database + suffix, why: "is a symbolic link")
    )
    #expect(try Data(contentsOf: URL(fileURLWithPath: victim)) == Data("precious".utf8))
    bench.close()
  }

  @Test(.enabled(if: geteuid() == 0, "needs root, to give a directory to another user"))
  func anotherUsersDirectoryIsRefused() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true)
    #expect(chown(scratch.location.directory, 12_345, 12_345) == 0)
    let bench = Bench(scratch)
    bench.turn()
    #expect(
      bench.health.problem
        == .notPrivate(path: scratch.location.directory, why: "belongs to user 12345, not to 0"))
    bench.close()
  }

  @Test func permissionsThatAreTooWideAreClosed() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o755])
    let bench = Bench(scratch)
    bench.turn()
    #expect(bench.health.problem == nil)
    var status = stat()
    #expect(lstat(scratch.location.directory, &status) == 0 && status.st_mode & 0o777 == 0o700)
    bench.close()
  }

  @Test func aFileThatIsNoDatabaseIsLeftAlone() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true)
    let junk = Data((0..<8192).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 1) })
    try junk.write(to: URL(fileURLWithPath: scratch.location.database))
    let bench = Bench(scratch)
    let refused = bench.record(intent: intent(1))
    bench.turn()
    guard case .damaged = bench.health.problem else {
      Issue.record("\(String(describing: bench.health.problem))")
      return
    }
    #expect(refused.all.first?.isSuccess == false)
    #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.location.database)) == junk)
    // Moved away, as the message says: it goes on by itself.
    try FileManager.default.moveItem(
      atPath: scratch.location.database, toPath: scratch.location.database + ".damaged")
    bench.turn(after: .seconds(6))
    #expect(bench.health.problem == nil)
    bench.close()
  }

  @Test func anotherProgramsDatabaseIsRefused() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true)
    try scratch.edit("CREATE TABLE theirs (x)")
    let bench = Bench(scratch)
    bench.turn()
    #expect(
      bench.health.problem == .damaged(path: scratch.location.database, detail: "not a FabGitOps journal"))
    bench.close()
  }

  @Test func aFileRemovedUnderneathIsNoticedBeforeTheNextFrame() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.record(intent: intent(1))
    bench.turn()
    for suffix in ["", "-wal", "-shm"] { unlink(scratch.location.database + suffix) }
    unlink(scratch.location.anchor)
    let refused = bench.record(intent: intent(2))
    bench.turn()
    #expect(refused.all.first?.isSuccess == false)
    let accepted = bench.record(intent: intent(3))
    bench.turn(after: .seconds(6))
    #expect(accepted.all.first?.isSuccess == true)
    bench.close()
    let reader = try JournalReader(scratch.location)
    #expect(try await reader.audit(AuditQuery(kinds: [.intent])).compactMap(\.draft.order) == [3])
    #expect(try await reader.verifyAudit().isIntact)
  }

  @Test func anAuditThatDoesNotEndAsWrittenIsSaidAtTheStart() throws {
    let scratch = try Scratch()
    let first = Bench(scratch)
    first.record(intent: intent(1))
    first.turn()
    first.close()
    try scratch.edit("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)")
    let second = Bench(scratch)
    second.turn()
    #expect(second.health.notices == ["the audit does not end as it was written: run fabctl audit verify"])
    second.close()
  }

  @Test(arguments: ["", ".", "..", "a/b", "a b", "é", String(repeating: "x", count: 129)])
  func namesThatAreNoDirectoryAreRefused(_ name: String) {
    #expect(throws: JournalProblem.invalidSetName(name)) { try JournalLocation(state: "/tmp", set: name) }
  }

  @Test func tooManyWaitingRecordsAreRefused() throws {
    let scratch = try Scratch()
    var options = JournalOptions()
    options.maxWaitingAudits = 10
    let bench = Bench(scratch, options: options)
    let answers = (1...15 as ClosedRange<UInt64>).map { bench.record(intent: intent($0)) }
    bench.turn()
    #expect(answers.prefix(10).allSatisfy { $0.all.first?.isSuccess == true })
    #expect(answers.suffix(5).allSatisfy { $0.all.first?.failure == .overloaded(waiting: 10) })
    bench.close()
  }
}
