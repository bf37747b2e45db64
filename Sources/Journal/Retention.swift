import Control
import GRDB

/// Deletes what is older than its time, a bounded piece a step; the audit is never deleted.
struct Retention {
  let options: JournalOptions
  /// Rows deleted in one transaction, about.
  static let piece = 20_000

  /// One step. `true`: there is more to do.
  func step(_ db: Database, now: WallTime) throws -> Bool {
    let raw = floorDivide((now + negated(options.rawFor)).milliseconds, 60_000)
    // Only what has been made minutes of.
    let done = min(raw, try Downsampling.stored(db))
    if try deleteMinutes(db, before: done) { return true }
    let old = (now + negated(options.minutesFor)).milliseconds
    let day = floorDivide(old, 86_400_000)
    if try delete(db, "minutes", "day, series, minute", "day < \(day)") { return true }
    if try delete(db, "events", "sequence", "at < \(old)") { return true }
    let newest = try integer(db, "SELECT max(sequence) FROM events") ?? 0
    if try delete(db, "events", "sequence", "sequence <= \(newest &- options.maxEvents)") { return true }
    if try deleteStates(db, before: old) { return true }
    try db.execute(
      sql: "DELETE FROM sessions WHERE alive < ? AND id NOT IN (SELECT max(id) FROM sessions)",
      arguments: [old])
    return false
  }

  /// Gives up the oldest history while the file is larger than it may be; says what.
  func shrink(_ db: Database) throws -> String? {
    let pages = try Schema.integer(db, "PRAGMA page_count") - Schema.integer(db, "PRAGMA freelist_count")
    let size = Int64(pages) * Int64(try Schema.integer(db, "PRAGMA page_size"))
    guard size > options.maxBytes else { return nil }
    let limit = "more than \(options.maxBytes / 1_048_576) MiB"
    if let day = try integer(db, "SELECT min(day) FROM minutes"),
      try integer(db, "SELECT max(day) FROM minutes") != day
    {
      _ = try delete(db, "minutes", "day, series, minute", "day = \(day)")
      return "\(limit): the oldest day of samples was given up"
    }
    if let minute = try integer(db, "SELECT min(minute) FROM raw") {
      _ = try delete(db, "raw", "minute, series, at", "minute <= \(minute)")
      return "\(limit): the oldest raw samples were given up"
    }
    if let event = try integer(db, "SELECT min(sequence) FROM events") {
      _ = try delete(db, "events", "sequence", "sequence < \(event + Int64(Self.piece))")
      return "\(limit): the oldest events were given up"
    }
    return "\(limit) of audit records; these are kept"
  }

  private func deleteMinutes(_ db: Database, before minute: Int64) throws -> Bool {
    try delete(db, "raw", "minute, series, at", "minute < \(minute)")
  }

  /// The last state before the limit stays: it tells what held then.
  private func deleteStates(_ db: Database, before limit: Int64) throws -> Bool {
    try delete(
      db, "states", "series, at",
      """
      at < \(limit) AND EXISTS (SELECT 1 FROM states AS later
        WHERE later.series = states.series AND later.at > states.at AND later.at <= \(limit))
      """)
  }

  private func delete(_ db: Database, _ table: String, _ key: String, _ rule: String) throws -> Bool {
    try db.execute(
      sql: """
        DELETE FROM \(table) WHERE (\(key)) IN (SELECT \(key) FROM \(table) WHERE \(rule) LIMIT \(Self.piece))
        """)
    return db.changesCount >= Self.piece
  }

  private func integer(_ db: Database, _ sql: String) throws -> Int64? {
    try Row.fetchOne(db, sql: sql).flatMap { Cells($0).integer(0) }
  }

  private func negated(_ span: TimeSpan) -> TimeSpan { span * -1 }
}

/// Keeps a clock that leapt ahead from deleting the history: while civil time has gained more than an hour on the
/// monotonic clock, nothing is deleted until it has stayed so for a day.
struct ClockGuard {
  private var base: Moment?
  private var leapt: Instant?

  mutating func mayDelete(_ now: Moment) -> Bool {
    defer { base = now }
    if let base, (now.wall - base.wall).seconds - (now.instant - base.instant).seconds > 3600 {
      leapt = now.instant
    }
    guard let leapt else { return true }
    if now.instant - leapt < .seconds(86_400) { return false }
    self.leapt = nil
    return true
  }
}
