import Control
import Fleet
import Foundation
import GRDB
import Testing

@testable import Journal

@Suite struct JournalRestoreTests {
  private func restored(_ bench: Bench) throws -> JournalRestore {
    let answers = Answers<Result<JournalRestore, JournalProblem>>()
    bench.shared.request(.restore { answers.add($0) })
    bench.turn()
    return try #require(try answers.all.first?.get())
  }

  @Test func countersSurviveAndNeverShrink() throws {
    let scratch = try Scratch()
    let first = Bench(scratch)
    var counters = DeviceCounters(
      driftEvents: 7, corrections: 5,
      registers: [
        .init(name: "a", driftEvents: 4, corrections: 3), .init(name: "b", driftEvents: 3, corrections: 2),
      ])
    first.shared.state.withLock { $0.inbox.counters[plc] = counters }
    first.turn(after: .seconds(1))
    first.close()

    let second = Bench(scratch)
    #expect(try restored(second).counters == [plc: counters])
    // An engine that began without its journal counts from zero.
    second.shared.state.withLock {
      $0.inbox.counters[plc] = DeviceCounters(driftEvents: 1, registers: [.init(name: "a", driftEvents: 9)])
    }
    second.turn(after: .seconds(2))
    counters.registers[0].driftEvents = 9
    #expect(try restored(second).counters == [plc: counters])
    second.close()
  }

  @Test func theWriteBudgetCountsWhatMayHaveBeenSent() throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    let start = bench.clock.now.wall
    for (number, minute) in [(1, -90), (2, -59), (3, -30), (4, -10), (5, 5)] as [(UInt64, Int)] {
      bench.record(intent(number, at: (start + .seconds(minute * 60)).milliseconds))
    }
    bench.record(.outcome(order(3), .notSent(reason: "disconnected"), at: start, actor: "t", revision: nil))
    bench.record(
      .outcome(order(4), .uncertain(WireProblem(.timeout, "no answer")), at: start, actor: "t", revision: nil)
    )
    bench.turn()
    let writes = try restored(bench).counters[plc]?.registers.first { $0.name == "zone1-setpoint" }?
      .recentWrites
    // The one in the future counts: the clock may have been set back.
    #expect(writes == [start + .seconds(-59 * 60), start + .seconds(-600), start + .seconds(300)])
    bench.close()
  }

  @Test func overridesSurviveUntilTheyAreCleared() async throws {
    let scratch = try Scratch()
    let first = Bench(scratch)
    let now = first.clock.now.wall
    let hold = Hold(by: "alice", since: now, reason: "maintenance")
    let device = Shelf(by: "bob", since: now, until: now + .seconds(3600), reason: "sensor swap")
    var register = device
    register.register = "zone1-setpoint"
    let overrides: [Override] = [
      .hold(hold), .shelf(plc, device), .shelf(plc, register), .suspend(plc, by: "carol", since: now),
    ]
    for override in overrides {
      first.record(AuditDraft(kind: .hold, at: now, actor: "alice"), change: .set(override))
    }
    first.turn()
    first.close()

    let second = Bench(scratch)
    let found = try restored(second)
    #expect(Set(found.overrides) == Set(overrides) && found.overrides.count == 4)
    #expect(found.hold == hold)
    for override in overrides.prefix(2) {
      second.record(AuditDraft(kind: .release, at: now, actor: "alice"), change: .clear(override.key))
    }
    second.turn()
    second.close()
    let left = try await JournalReader(scratch.location).restore(now: now).overrides
    #expect(Set(left) == Set(overrides.suffix(2)))
  }

  @Test func writesThatAKilledProcessLeftOpenAreClosedAsUnknown() async throws {
    let scratch = try Scratch()
    let killed = Bench(scratch)
    killed.record(intent: intent(1))
    killed.record(.outcome(order(1), .verified, at: killed.clock.now.wall, actor: "t", revision: nil))
    killed.record(intent: intent(2))
    killed.turn()
    // Not closed: the process is gone.
    let next = Bench(scratch)
    let interrupted = try restored(next).interrupted
    #expect(interrupted.map(\.draft.order) == [2])
    #expect(interrupted.first?.draft.outcome == AuditOutcome.unknown)
    #expect(interrupted.first?.session == 1)
    next.close()
    // Said once.
    let third = Bench(scratch)
    #expect(try restored(third).interrupted.isEmpty)
    third.close()
    #expect(try await JournalReader(scratch.location).verifyAudit().isIntact)
  }

  /// Every device counts its own orders.
  @Test func anotherDevicesOutcomeClosesNothing() throws {
    let scratch = try Scratch()
    let other = DeviceID(name: "line-2")
    let killed = Bench(scratch)
    killed.record(intent: intent(1))
    killed.record(
      .outcome(
        order(1, device: other), .notSent(reason: "held"), at: killed.clock.now.wall, actor: "t",
        revision: nil))
    killed.turn()
    let next = Bench(scratch)
    let restore = try restored(next)
    #expect(restore.interrupted.map(\.draft.device) == [plc])
    #expect(restore.counters[plc]?.registers.first?.recentWrites.count == 1, "it may have been sent")
    next.close()
  }

  @Test func eventsComeBackInOrderAndGoOnCounting() async throws {
    let scratch = try Scratch()
    for round in 0..<2 {
      let bench = Bench(scratch)
      for number in 1...3 {
        let event = FleetEvent(
          sequence: UInt64(number), at: bench.clock.now.wall, severity: .warning,
          device: number == 1 ? nil : plc,
          register: number == 3 ? "r" : nil, reason: "DriftDetected", message: "\(round).\(number)")
        bench.shared.state.withLock { $0.inbox.add(EventEntry(event: event, mark: .drift)) }
      }
      bench.turn(after: .seconds(1))
      bench.close()
    }
    let reader = try JournalReader(scratch.location)
    let events = try await reader.events(EventQuery())
    #expect(events.map(\.message) == ["0.1", "0.2", "0.3", "1.1", "1.2", "1.3"])
    #expect(events.map(\.sequence) == [1, 2, 3, 4, 5, 6])
    #expect(events[2].register == "r" && events[2].device == plc && events[2].severity == .warning)
    #expect(
      try await reader.events(EventQuery(device: plc, limit: 3)).map(\.message) == ["0.3", "1.2", "1.3"])
  }

  @Test func aStandingDriftSurvivesAndEndsAsToldLast() throws {
    let scratch = try Scratch()
    let first = Bench(scratch)
    var register = DeviceCounters.RegisterCounters(name: "a", driftEvents: 4)
    register.driftSeen = first.clock.now.wall
    register.driftAfter = first.clock.now.wall + .seconds(-5)
    first.shared.state.withLock { $0.inbox.counters[plc] = DeviceCounters(registers: [register]) }
    first.turn(after: .seconds(1))
    first.close()
    let second = Bench(scratch)
    #expect(try restored(second).counters[plc]?.registers == [register])
    (register.driftSeen, register.driftAfter) = (nil, nil)
    second.shared.state.withLock { [register] in
      $0.inbox.counters[plc] = DeviceCounters(registers: [register])
    }
    second.turn(after: .seconds(2))
    #expect(try restored(second).counters[plc]?.registers == [register])
    second.close()
  }

  @Test func wearCountsEveryWriteThatMayHaveBeenSent() throws {
    let scratch = try Scratch()
    let bench = Bench(scratch)
    bench.turn()
    let now = bench.clock.now.wall
    for (number, hours) in [(1, 900), (2, 30), (3, 23), (4, 1), (5, 1), (6, 0)] as [(UInt64, Int)] {
      bench.record(intent(number, at: (now + .seconds(-hours * 3600 - 60)).milliseconds))
    }
    bench.record(.outcome(order(2), .notSent(reason: "held"), at: now, actor: "t", revision: nil))
    bench.turn()
    let register = try #require(try restored(bench).counters[plc]?.registers.first)
    #expect(register.writes == 5)
    #expect(register.writesByAge.count == 24)
    #expect([0, 1, 2, 23].map { register.writesByAge[$0] } == [1, 2, 0, 1])
    bench.close()
  }

  // MARK: Schema

  /// A file of the first version is brought up to date by the next writer and keeps everything; a reader that comes
  /// before it reads what there is.
  @Test func aJournalOfTheFirstVersionGoesOn() async throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(
      atPath: scratch.location.directory, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    let old = try DatabaseQueue(path: scratch.location.database)
    try await old.writeWithoutTransaction { db in
      try Schema.migrate(db, path: "x", steps: Array(Schema.migrations.prefix(1)))
      try db.execute(
        sql: "INSERT INTO counters VALUES ('default', 'line-1', '', 7, 5), ('default', 'line-1', 'a', 4, 3)")
      var chain = try AuditChain(db)
      try chain.append(intent(1), session: 1)
      try chain.finish()
    }
    try old.close()
    let early = try await JournalReader(scratch.location).restore(
      now: WallTime(milliseconds: 1_800_000_000_000))
    #expect(early.counters[plc]?.driftEvents == 7)
    let bench = Bench(scratch)
    bench.turn()
    #expect(bench.health.problem == nil)
    let found = try #require(try restored(bench).counters[plc])
    #expect(found.driftEvents == 7 && found.registers.first { $0.name == "a" }?.corrections == 3)
    bench.close()
    #expect(try scratch.number("PRAGMA user_version") == Schema.version)
    let verdict = try await JournalReader(scratch.location).verifyAudit()
    #expect(verdict.isIntact && verdict.records > 1)
  }

  @Test func aNewerSchemaIsRefusedByBoth() throws {
    let scratch = try Scratch()
    let first = Bench(scratch)
    first.turn()
    first.close()
    try scratch.edit("PRAGMA user_version = 99")
    let newer = JournalProblem.newerSchema(found: 99, supported: Schema.version)
    let second = Bench(scratch)
    second.turn()
    #expect(second.health.problem == newer)
    second.close()
    #expect(throws: newer) { try JournalReader(scratch.location) }
    #expect(
      newer.description == "journal has schema 99, this program knows \(Schema.version): use a newer fabctl")
    #expect(try scratch.number("PRAGMA user_version") == 99)
  }

  @Test func migrationsRunOnceAndStopWhole() throws {
    let queue = try DatabaseQueue()
    try queue.writeWithoutTransaction { db in
      try Schema.migrate(db, path: "x")
      let id = try AuditChain.journalID(db)
      #expect(id.count == 32)
      try Schema.migrate(db, path: "x")
      #expect(try AuditChain.journalID(db) == id)
      // A later step that fails leaves the earlier version standing.
      let broken: [@Sendable (Database) throws -> Void] =
        Schema.migrations + [
          { db in
            try db.execute(sql: "CREATE TABLE half (x)")
            throw DatabaseError(resultCode: .SQLITE_FULL)
          }
        ]
      #expect(throws: DatabaseError.self) { try Schema.migrate(db, path: "x", steps: broken) }
      #expect(try Schema.integer(db, "PRAGMA user_version") == Schema.version)
      #expect(try db.tableExists("half") == false)
      let good = Schema.migrations + [{ db in try db.execute(sql: "CREATE TABLE whole (x)") }]
      try Schema.migrate(db, path: "x", steps: good)
      #expect(try Schema.integer(db, "PRAGMA user_version") == Schema.version + 1)
      #expect(try db.tableExists("whole"))
    }
  }
}
