import Control
import GRDB

/// Makes minutes of raw samples, one minute a step, so that an audit record never waits for long.
struct Downsampling {
  /// Minutes before this one are done; `nil`: not looked up yet.
  private var next: Int64?
  /// The last row of each series, to be prolonged while its value stays the same.
  private var steady: [Int64: Steady] = [:]

  private struct Steady {
    var day: Int64
    var minute: Int64
    var last: Int64
    var value: Double
  }

  private struct Minute {
    var series: Int64
    var count: Int64
    var least: Double
    var mean: Double
    var greatest: Double
  }

  /// Samples came for this minute, maybe late: it is to be done again.
  mutating func noticed(minute: Int64) {
    if let next, minute < next { self.next = minute }
  }

  /// Does the oldest minute that is complete at `now`; false: there is none. A minute counts as complete one
  /// minute after its end, when every run in it has been written.
  mutating func step(_ db: Database, now: WallTime) throws -> Bool {
    let complete = floorDivide(now.milliseconds, 60_000) - 1
    let start = try next ?? Self.stored(db)
    guard
      let row = try Row.fetchOne(
        db, sql: "SELECT min(minute) FROM raw WHERE minute >= ? AND minute < ?", arguments: [start, complete]),
      let minute = Cells(row).integer(0)
    else { return false }
    for entry in try Self.aggregate(db, minute) { try store(db, entry, minute) }
    next = minute + 1
    try db.execute(
      sql: "INSERT OR REPLACE INTO meta (key, value) VALUES ('minutes_until', ?)",
      arguments: ["\(minute + 1)"])
    return true
  }

  /// Forgets what a failed transaction may have left half done.
  mutating func reset() { self = Downsampling() }

  /// The first minute not done yet.
  static func stored(_ db: Database) throws -> Int64 {
    let row = try Row.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'minutes_until'")
    return row.flatMap { Cells($0).text(0) }.flatMap { Int64($0) } ?? .min
  }

  private static func aggregate(_ db: Database, _ minute: Int64) throws -> [Minute] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT series, sum(count), min(value), total(value * count) / total(count), max(value)
        FROM raw WHERE minute = ? GROUP BY series
        """, arguments: [minute]
    ).compactMap { row in
      let cells = Cells(row)
      guard let series = cells.integer(0), let count = cells.integer(1), let least = cells.real(2),
        let greatest = cells.real(4)
      else { return nil }
      // A mean beyond the range of a double (values near its ends) is stored as NULL: take the middle.
      let mean = cells.real(3).map { min(max($0, least), greatest) } ?? (least / 2 + greatest / 2)
      return Minute(series: series, count: count, least: least, mean: mean, greatest: greatest)
    }
  }

  private mutating func store(_ db: Database, _ entry: Minute, _ minute: Int64) throws {
    let day = floorDivide(minute, 1440)
    if entry.least == entry.greatest {
      if var before = steady[entry.series], before.day == day, before.last + 1 == minute,
        before.value == entry.least
      {
        before.last = minute
        steady[entry.series] = before
        try db.cachedStatement(
          sql: "UPDATE minutes SET last = ?, count = count + ? WHERE day = ? AND series = ? AND minute = ?"
        ).execute(arguments: [minute, entry.count, day, entry.series, before.minute])
        return
      }
      steady[entry.series] = Steady(day: day, minute: minute, last: minute, value: entry.least)
    } else {
      steady[entry.series] = nil
    }
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO minutes (day, series, minute, last, count, least, mean, greatest)
        VALUES (?,?,?,?,?,?,?,?)
        """
    ).execute(arguments: [
      day, entry.series, minute, minute, entry.count, entry.least, entry.mean, entry.greatest,
    ])
  }
}
