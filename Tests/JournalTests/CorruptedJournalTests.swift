import Control
import Foundation
import Testing

@testable import Journal

/// A journal whose file was damaged: by a disk, by a copy that broke off, by somebody. It is opened, read and verified
/// without a crash, and counts as intact only if it still tells the same.
///
/// `FABGITOPS_FUZZ_ROUNDS` says how many damages are tried; a failure tells its seed.
@Suite struct CorruptedJournalTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["FABGITOPS_FUZZ_ROUNDS"].flatMap(Int.init) ?? 25

  private struct Original {
    var database: [UInt8]
    var anchor: [UInt8]
    var records: [AuditRecord]
  }

  private func original() async throws -> Original {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    for number in 1...8 {
      let order = order(UInt64(number))
      let wall = bench.clock.pass(.seconds(1)).wall
      bench.record(.intent(order, at: wall, actor: "tester@here", revision: "main@sha1:01"))
      bench.record(.outcome(order, .verified, at: wall, actor: "tester@here", revision: "main@sha1:01"))
    }
    bench.turn()
    bench.close()
    let records = try await JournalReader(scratch.location).audit(AuditQuery())
    return Original(
      database: Array(try Data(contentsOf: URL(fileURLWithPath: scratch.location.database))),
      anchor: Array(try Data(contentsOf: URL(fileURLWithPath: scratch.location.anchor))), records: records)
  }

  @Test func damageIsNeverACrashAndNeverIntact() async throws {
    let original = try await original()
    var intact = 0
    for seed in 0..<Self.rounds {
      var random = SplitMix64(seed: UInt64(seed))
      let scratch = try Scratch()
      try FileManager.default.createDirectory(
        atPath: scratch.location.directory, withIntermediateDirectories: true,
        attributes: [.posixPermissions: 0o700])
      var database = original.database
      var anchor = original.anchor
      if random.next() % 8 == 0 { damage(&anchor, &random) } else { damage(&database, &random) }
      try Data(database).write(to: URL(fileURLWithPath: scratch.location.database))
      try Data(anchor).write(to: URL(fileURLWithPath: scratch.location.anchor))
      if random.next() % 4 == 0 {
        var log = Array(database.prefix(8192))
        damage(&log, &random)
        try Data(log).write(to: URL(fileURLWithPath: scratch.location.database + "-wal"))
      }
      let verdict = try? await JournalReader(scratch.location).verifyAudit()
      if verdict?.isIntact == true, verdict?.anchored == true {
        intact += 1
        let records = try? await JournalReader(scratch.location).audit(AuditQuery())
        #expect(records == original.records, "seed \(seed): called intact, and tells something else")
      }
      _ = try? await JournalReader(scratch.location).events(EventQuery())
      writeOn(scratch)
    }
    // Much of a file is free space, so that some damages hurt nothing; most must be seen.
    #expect(intact < Self.rounds)
  }

  /// A controller starts on it: records are taken or refused, and it ends.
  private func writeOn(_ scratch: Scratch) {
    let bench = Bench(scratch)
    bench.turn()
    let wall = bench.clock.pass(.seconds(1)).wall
    bench.record(.intent(order(1), at: wall, actor: "tester@here", revision: "main@sha1:01"))
    bench.turn()
    bench.close()
  }

  private func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
    func place() -> Int { Int(random.next() % UInt64(max(bytes.count, 1))) }
    guard !bytes.isEmpty else { return }
    switch random.next() % 6 {
    case 0: for _ in 0...(random.next() % 64) { bytes[place()] ^= UInt8(1 << (random.next() % 8)) }
    case 1: bytes.removeLast(place())
    case 2:
      let start = place() / 4096 * 4096
      for index in start..<min(start + 4096, bytes.count) { bytes[index] = 0 }
    case 3:
      let (from, to) = (place() / 4096 * 4096, place() / 4096 * 4096)
      for offset in 0..<4096 where from + offset < bytes.count && to + offset < bytes.count {
        bytes[to + offset] = bytes[from + offset]
      }
    case 4:
      for index in 0..<min(100, bytes.count) where random.next() % 4 == 0 {
        bytes[index] = UInt8(truncatingIfNeeded: random.next())
      }
    default: for _ in 0...(random.next() % 8) { bytes[place()] = UInt8(truncatingIfNeeded: random.next()) }
    }
  }
}
