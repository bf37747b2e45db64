import Foundation
import GRDB
import Synchronization

@testable import Control
@testable import Journal

/// A directory that is gone after the test.
final class Scratch: Sendable {
  let path: String
  let location: JournalLocation

  init(set: String = "line-1") throws {
    path = NSTemporaryDirectory() + "fabgitops-journal-\(UUID().uuidString)"
    location = try JournalLocation(state: path, set: set)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Another program's hands on the file.
  func edit(_ sql: String, at path: String? = nil) throws {
    let queue = try DatabaseQueue(path: path ?? location.database)
    try queue.writeWithoutTransaction { db in
      try db.execute(sql: "DROP TRIGGER IF EXISTS audit_no_update; DROP TRIGGER IF EXISTS audit_no_delete")
      try db.execute(sql: sql)
    }
    try queue.close()
  }

  func number(_ sql: String) throws -> Int {
    let queue = try DatabaseQueue(path: location.database)
    defer { try? queue.close() }
    return try queue.read { try Int.fetchOne($0, sql: sql) ?? -1 }
  }
}

/// Both clocks, moved by the test.
final class HandClock: Sendable {
  private let moment: Mutex<Moment>

  init(_ wall: Int64 = 1_800_000_000_000) {
    moment = Mutex(Moment(instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: wall)))
  }

  var now: Moment { moment.withLock { $0 } }

  @discardableResult
  func pass(_ span: TimeSpan) -> Moment {
    moment.withLock { moment in
      moment.instant = moment.instant + span
      moment.wall = moment.wall + span
      return moment
    }
  }

  func step(_ span: TimeSpan) { moment.withLock { $0.wall = $0.wall + span } }
}

/// Gathers what completions say.
final class Answers<T: Sendable>: Sendable {
  private let list = Mutex<[T]>([])
  var all: [T] { list.withLock { $0 } }
  func add(_ answer: T) { list.withLock { $0.append(answer) } }
}

extension JournalSession {
  static let test = JournalSession(program: "test 1.0", actor: "tester@here", pid: 42)
}

let plc = DeviceID(name: "line-1")
let setpoint = RegisterSpec(
  name: "zone1-setpoint", address: 4001, type: .float32, unit: "°C", desired: .real(72.5), minimum: 20,
  maximum: 95)

func order(
  _ sequence: UInt64, cause: WriteCause = .automatic, device: DeviceID = plc, spec: RegisterSpec = setpoint
) -> WriteOrder {
  WriteOrder(
    sequence: sequence, device: device, register: 0, spec: spec, cause: cause, before: .real(70.25),
    beforeWords: [0x428C, 0x8000], value: .real(72.5), words: [0x4291, 0x0000], bitMask: nil)
}

func intent(_ sequence: UInt64, at: Int64 = 1_800_000_000_000) -> AuditDraft {
  .intent(
    order(sequence), at: WallTime(milliseconds: at), actor: "tester@here", revision: "main@sha1:0123abcd")
}

/// A writer driven by hand: no thread, no real time.
final class Bench {
  let scratch: Scratch
  let clock: HandClock
  let shared: JournalShared
  let worker: JournalWorker
  let healths = Answers<JournalHealth>()

  init(_ scratch: Scratch, options: JournalOptions = .init(), clock: HandClock = HandClock()) {
    self.scratch = scratch
    self.clock = clock
    shared = JournalShared(options)
    worker = JournalWorker(scratch.location, .test, options, shared) { [healths] in healths.add($0) }
  }

  var health: JournalHealth { shared.state.withLock(\.health) }

  @discardableResult
  func turn(after span: TimeSpan = .zero) -> Bool { worker.turn(clock.pass(span)) }

  func close() {
    shared.close(nil)
    _ = turn()
  }

  @discardableResult
  func record(intent draft: AuditDraft) -> Answers<Result<AuditHead, JournalProblem>> {
    let answers = Answers<Result<AuditHead, JournalProblem>>()
    shared.add(PendingAudit(draft: draft, change: nil, failsFast: true) { answers.add($0) })
    return answers
  }

  @discardableResult
  func record(
    _ draft: AuditDraft, change: OverrideChange? = nil
  ) -> Answers<Result<AuditHead, JournalProblem>> {
    let answers = Answers<Result<AuditHead, JournalProblem>>()
    shared.add(PendingAudit(draft: draft, change: change, failsFast: false) { answers.add($0) })
    return answers
  }
}

extension Result {
  var isSuccess: Bool { if case .success = self { true } else { false } }
  var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
