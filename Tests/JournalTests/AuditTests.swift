import Control
import Foundation
import GRDB
import Testing

@testable import Journal

@Suite struct AuditTests {
  /// A closed journal with a start, intents with their outcomes, an operator's word, and an end.
  private func filled(_ writes: Int = 5) throws -> Scratch {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    for number in 1...writes {
      let order = order(UInt64(number))
      let wall = bench.clock.pass(.seconds(1)).wall
      bench.record(.intent(order, at: wall, actor: "tester@here", revision: "main@sha1:01"))
      bench.record(.outcome(order, .verified, at: wall, actor: "tester@here", revision: "main@sha1:01"))
    }
    bench.record(AuditDraft(kind: .hold, at: bench.clock.now.wall, actor: "alice", detail: "smoke on line 1"))
    bench.turn()
    bench.close()
    return scratch
  }

  @Test func recordsReadBackAsWritten() async throws {
    let scratch = try filled(1)
    let records = try await JournalReader(scratch.location).audit(AuditQuery())
    #expect(records.map(\.sequence) == [1, 2, 3, 4, 5])
    #expect(records.map(\.draft.kind) == [.started, .intent, .outcome, .hold, .stopped])
    let written = records[1].draft
    #expect(written.device == plc)
    #expect(written.register == "zone1-setpoint")
    #expect(written.place == "holding 4001")
    #expect(written.before == .real(70.25))
    #expect(written.after == .real(72.5))
    #expect(written.beforeWords == [0x428C, 0x8000])
    #expect(written.afterWords == [0x4291, 0x0000])
    #expect(written.order == 1)
    #expect(written.cause == "automatic")
    #expect(written.revision == "main@sha1:01")
    #expect(records[2].draft.outcome == "verified")
    #expect(records[3].draft.actor == "alice")
  }

  @Test func anUntouchedChainVerifies() async throws {
    let scratch = try filled()
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.isIntact)
    #expect(verdict.records == 13)
    #expect(verdict.anchored)
    let head = try #require(verdict.head)
    #expect(head.sequence == 13)
    #expect(AuditHead(head.description) == head)
  }

  @Test(arguments: [
    "UPDATE audit SET after = 'r:72.6' WHERE sequence = 4",
    "UPDATE audit SET after_words = x'42910001' WHERE sequence = 4",
    "UPDATE audit SET actor = 'someone else' WHERE sequence = 4",
    "UPDATE audit SET at = at + 1 WHERE sequence = 4",
    "UPDATE audit SET outcome = '' WHERE sequence = 4",
    "UPDATE audit SET detail = NULL, cause = NULL WHERE sequence = 4",
    "UPDATE audit SET session = 7 WHERE sequence = 4",
    "UPDATE audit SET write_order = NULL WHERE sequence = 4",
    "UPDATE audit SET before = 'r:70.250' WHERE sequence = 4",
    "UPDATE audit SET register = name, name = register WHERE sequence = 4",
  ])
  func anEditedRowIsNamed(_ sql: String) async throws {
    let scratch = try filled()
    try scratch.edit(sql)
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.faults == [.altered(row: 4)])
    #expect(verdict.faults.first?.description == "row 4 was altered")
  }

  @Test func oneChangedByteInTheFileIsNamed() async throws {
    let scratch = try filled()
    let url = URL(fileURLWithPath: scratch.location.database)
    var bytes = try Data(contentsOf: url)
    let place = try #require(bytes.range(of: Data("smoke on line 1".utf8)))
    bytes[place.lowerBound] ^= 0x20
    try bytes.write(to: url)
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.faults == [.altered(row: 12)])
  }

  @Test func everyColumnIsUnderTheHash() async throws {
    let scratch = try filled()
    let columns = AuditRow.columns.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    for column in columns where column != "sequence" {
      let copy = scratch.location.directory + "/copy-\(column).sqlite"
      try FileManager.default.copyItem(atPath: scratch.location.database, toPath: copy)
      let words = column.hasSuffix("words") || column == "hash"
      let number = ["session", "at", "write_order"].contains(column)
      try scratch.edit(
        "UPDATE audit SET \(column) = \(words ? "x'00'" : number ? "99" : "'x'") WHERE sequence = 3", at: copy
      )
      let queue = try DatabaseQueue(path: copy)
      let verdict = try await queue.read { try AuditVerification().run($0) }
      #expect(verdict.faults.first == .altered(row: 3), "\(column)")
    }
  }

  @Test func aMissingRowIsNamed() async throws {
    let scratch = try filled()
    try scratch.edit("DELETE FROM audit WHERE sequence IN (5, 6)")
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.faults.first == .missing(from: 5, through: 6))
  }

  @Test func swappedRowsAreFound() async throws {
    let scratch = try filled()
    try scratch.edit(
      """
      UPDATE audit SET sequence = -4 WHERE sequence = 4; UPDATE audit SET sequence = 4 WHERE sequence = 6;
      UPDATE audit SET sequence = 6 WHERE sequence = -4
      """)
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.faults.first == .altered(row: 4))
  }

  @Test func aCutTailIsFoundByTheStoredHead() async throws {
    let scratch = try filled()
    try scratch.edit("DELETE FROM audit WHERE sequence > 9")
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.faults.first == .truncated(after: 9, expected: 13))
    #expect(verdict.faults.first?.row == 10)
  }

  @Test func aCutTailWithItsHeadSetBackIsFoundByTheAnchor() async throws {
    let scratch = try filled()
    let cut = """
      DELETE FROM audit WHERE sequence > 9;
      UPDATE audit_head SET sequence = 9, hash = (SELECT hash FROM audit WHERE sequence = 9)
      """
    try scratch.edit(cut)
    let found = try await JournalReader(scratch.location).verifyAudit()
    #expect(found.faults == [.truncated(after: 9, expected: 13)])
    // Whoever also removes the anchor is seen only against a head kept elsewhere.
    try FileManager.default.removeItem(atPath: scratch.location.anchor)
    let alone = try await JournalReader(scratch.location).verifyAudit()
    #expect(alone.isIntact && !alone.anchored)
    let kept = AuditHead(sequence: 13, hash: [UInt8](repeating: 1, count: 32))
    let against = try await JournalReader(scratch.location).verifyAudit(against: kept)
    #expect(against.faults == [.truncated(after: 9, expected: 13)])
  }

  /// The file was deleted, or lost by a file system: the next process begins another one, and does not hide that.
  @Test func aJournalThatIsLostIsTold() async throws {
    let scratch = try filled()
    for name in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: scratch.location.database + name)
    }
    let writer = JournalWriter(scratch.location, session: .test)
    _ = try await writer.restore()
    #expect(writer.health.notices.contains { $0.contains("does not end as it was written") })
    await writer.close()
    let again = JournalWriter(scratch.location, session: .test)
    _ = try await again.restore()
    await again.close()
    #expect(try await JournalReader(scratch.location).verifyAudit().isIntact == false)
    let lost = scratch.location.lostAnchors
    #expect(lost.count == 1)
    // Somebody has looked at it, and puts it away.
    for path in lost { try FileManager.default.removeItem(atPath: path) }
    #expect(try await JournalReader(scratch.location).verifyAudit().isIntact)
  }

  @Test func aChainWrittenAnewDiffersFromTheKeptHead() async throws {
    let scratch = try filled()
    let before = try #require(try await JournalReader(scratch.location).verifyAudit().head)
    let other = try filled()
    let verdict = try await JournalReader(other.location).verifyAudit(against: before)
    #expect(verdict.faults == [.rewritten(row: 13, notedIn: "the head given")])
  }

  @Test func theTableRefusesChanges() throws {
    let scratch = try filled()
    let queue = try DatabaseQueue(path: scratch.location.database)
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "DELETE FROM audit") } }
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: "UPDATE audit SET at = 0") } }
  }

  @Test func textFromADeviceNeitherEndsNorBreaksARecord() async throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    let nasty = "a\0b\u{1B}[2J\u{7F}\r\n\u{202E}é"
    bench.record(
      AuditDraft(
        kind: .outcome, at: WallTime(milliseconds: 5), actor: nasty,
        device: DeviceID(namespace: nasty, name: "x"),
        register: nasty, before: .text(nasty), after: .real(.nan), detail: nasty))
    bench.close()
    let reader = try JournalReader(scratch.location)
    #expect(try await reader.verifyAudit().isIntact)
    let record = try #require(try await reader.audit(AuditQuery(kinds: [.outcome])).first)
    #expect(record.draft.detail == nasty.replacingOccurrences(of: "\0", with: "\u{FFFD}"))
  }

  @Test func queriesSelect() async throws {
    let scratch = try filled()
    let reader = try JournalReader(scratch.location)
    #expect(try await reader.audit(AuditQuery(kinds: [.intent])).map(\.draft.order) == [1, 2, 3, 4, 5])
    #expect(try await reader.audit(AuditQuery(device: plc, limit: 2)).map(\.sequence) == [10, 11])
    #expect(try await reader.audit(AuditQuery(after: 3, limit: 2)).map(\.sequence) == [4, 5])
    #expect(try await reader.audit(AuditQuery(register: "other")).isEmpty)
    let from = WallTime(milliseconds: 1_800_000_004_000)
    #expect(try await reader.audit(AuditQuery(device: plc, from: from)).map(\.draft.order) == [4, 4, 5, 5])
    #expect(try await reader.audit(AuditQuery(device: plc, to: from)).count == 6)
  }

  @Test func outcomesAndRefusalsSayWhy() {
    let at = WallTime(milliseconds: 0)
    let reverted = AuditDraft.outcome(
      order(1), .reverted(actual: .real(70), after: .milliseconds(800)), at: at, actor: "a", revision: nil)
    #expect(reverted.outcome == "reverted")
    #expect(reverted.detail == "reads r:70.0, put back after 800 ms")
    let request = SyncRequest(id: 12, by: "alice", force: true)
    let forced = AuditDraft.intent(order(2, cause: .operator(request)), at: at, actor: "a", revision: nil)
    #expect(forced.actor == "alice" && forced.cause == "sync 12 forced")
    let refused = AuditDraft.refused(
      setpoint, of: plc, request: request, reasons: [.suspended(by: "bob"), .uncertain], before: .real(1),
      at: at,
      revision: "main")
    #expect(refused.kind == .refused)
    #expect(refused.detail?.hasPrefix("Suspended: suspended by bob; Uncertain: ") == true)
  }

  @Test(arguments: [
    RegisterValue.integer(.min), .integer(-1), .unsigned(.max), .real(72.5), .real(-0.0), .real(.infinity),
    .real(.leastNonzeroMagnitude), .bool(true), .text(""), .text("i:3"), .text("é:\u{0301}"),
  ])
  func valuesSurvive(_ value: RegisterValue) {
    #expect(AuditValue.value(AuditValue.text(value)) == value)
  }

  @Test func wordsSurvive() {
    for words: [UInt16] in [[], [0], [0xFFFF, 0x0102], [1, 2, 3, 4]] {
      #expect(AuditValue.words(AuditValue.bytes(words)) == words)
    }
  }

  @Test func theEncodingTellsFieldsApart() {
    var one = CanonicalEncoder()
    one.append("ab")
    one.append("c")
    var two = CanonicalEncoder()
    two.append("a")
    two.append("bc")
    var three = CanonicalEncoder()
    three.append("abc")
    three.append(Optional<String>.none)
    var four = CanonicalEncoder()
    four.append("abc")
    four.append("")
    #expect(Set([one.bytes, two.bytes, three.bytes, four.bytes]).count == 4)
  }
}
