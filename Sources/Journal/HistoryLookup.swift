import Control
import Fleet
import GRDB

/// The past of one register: raw samples while they are kept, minutes before that.
struct HistoryLookup {
  private let db: Database
  private let query: HistoryQuery
  private let device: DeviceID

  init(_ db: Database, _ query: HistoryQuery, _ device: DeviceID) {
    self.db = db
    self.query = query
    self.device = device
  }

  func run() throws -> DeviceHistory {
    let (register, series) = try register()
    var history = DeviceHistory(device: device, register: register)
    if let series { history.samples = try samples(series) }
    history.states = try StateLookup(db, query, device).run()
    history.marks = try marks(register)
    return history
  }

  /// Without a name: the register that was recorded first.
  private func register() throws -> (String, Int64?) {
    let name = query.register
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT id, register FROM series WHERE namespace = ? AND name = ? AND register <> ''
          AND (? IS NULL OR register = ?) ORDER BY id LIMIT 1
        """, arguments: [device.namespace, device.name, name, name])
    guard let row, let found = Cells(row).text(1) else { return (name ?? "", nil) }
    return (found, Cells(row).integer(0))
  }

  private func samples(_ series: Int64) throws -> [DeviceHistory.Sample] {
    var points = Points(from: query.from.milliseconds, to: query.to.milliseconds, maximum: query.maxPoints)
    guard points.from < points.to, points.maximum > 0 else { return [] }
    let first = floorDivide(points.from, 60_000)
    let last = floorDivide(points.to - 1, 60_000)
    let rawStart = try firstRawMinute()
    let split = max(first, min(rawStart ?? (last &+ 1), last &+ 1))
    if first < split { try minutes(series, first..<split, into: &points) }
    if let rawStart, split <= last { try raw(series, max(split, rawStart)...last, into: &points) }
    return points.samples()
  }

  /// Raw samples before this minute have been deleted; its own may be half deleted only with the file itself.
  private func firstRawMinute() throws -> Int64? {
    try Row.fetchOne(db, sql: "SELECT min(minute) FROM raw").flatMap { Cells($0).integer(0) }
  }

  private func minutes(_ series: Int64, _ range: Range<Int64>, into points: inout Points) throws {
    let statement = try db.cachedStatement(
      sql: """
        SELECT minute, last, count, least, mean, greatest FROM minutes
        WHERE day = ? AND series = ? AND last >= ? AND minute < ? ORDER BY minute
        """)
    var day = try firstDay(atLeast: floorDivide(range.lowerBound, 1440))
    let lastDay = floorDivide(range.upperBound - 1, 1440)
    while let current = day, current <= lastDay {
      let rows = try Row.fetchCursor(
        statement, arguments: [current, series, range.lowerBound, range.upperBound])
      while let row = try rows.next() {
        let cells = Cells(row)
        guard let minute = cells.integer(0), let last = cells.integer(1), let least = cells.real(3),
          let mean = cells.real(4), let greatest = cells.real(5), minute <= last, last - minute < 1440
        else { continue }
        for step in max(minute, range.lowerBound)...max(minute, min(last, range.upperBound - 1)) {
          points.add(at: step &* 60_000, least: least, mean: mean, greatest: greatest)
        }
      }
      day = try firstDay(atLeast: current + 1)
    }
  }

  /// The next day that has minutes at all, so that a query from 1970 does not look at every day since.
  private func firstDay(atLeast day: Int64) throws -> Int64? {
    try Row.fetchOne(db, sql: "SELECT min(day) FROM minutes WHERE day >= ?", arguments: [day])
      .flatMap { Cells($0).integer(0) }
  }

  private func raw(_ series: Int64, _ range: ClosedRange<Int64>, into points: inout Points) throws {
    let statement = try db.cachedStatement(
      sql: """
        SELECT at, last, count, value FROM raw
        WHERE minute IN (SELECT DISTINCT minute FROM raw WHERE minute BETWEEN ? AND ?) AND series = ? ORDER BY at
        """)
    let rows = try Row.fetchCursor(statement, arguments: [range.lowerBound, range.upperBound, series])
    while let row = try rows.next() {
      let cells = Cells(row)
      guard let at = cells.integer(0), let last = cells.integer(1), let count = cells.integer(2),
        let value = cells.real(3), last >= at, count > 0, last &- at < 120_000
      else { continue }
      let reads = min(count, 60_000)
      for read in 0..<reads {
        let offset = reads == 1 ? 0 : (last - at) * read / (reads - 1)
        points.add(at: at + offset, least: value, mean: value, greatest: value)
      }
    }
  }

  private func marks(_ register: String) throws -> [DeviceHistory.Mark] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT at, mark, message FROM (
          SELECT sequence, at, mark, message FROM events
          WHERE mark NOTNULL AND at >= ? AND at < ?
            AND ((namespace = ? AND name = ?) OR (namespace IS NULL AND mark = 'commit'))
            AND (register IS NULL OR register = ?)
          ORDER BY sequence DESC LIMIT ?) ORDER BY sequence
        """,
      arguments: [
        query.from.milliseconds, query.to.milliseconds, device.namespace, device.name, register,
        max(0, query.maxPoints),
      ])
    return rows.compactMap { row in
      let cells = Cells(row)
      guard let at = cells.integer(0), let kind = cells.text(1).flatMap(DeviceHistory.Mark.Kind.init(word:))
      else { return nil }
      return DeviceHistory.Mark(at: WallTime(milliseconds: at), kind: kind, text: cells.text(2) ?? "")
    }
  }
}

/// Collects points of a span; beyond the most that are wanted it joins those of one step of a grid.
struct Points {
  let from: Int64
  let to: Int64
  let maximum: Int
  private var collected: [DeviceHistory.Sample] = []

  init(from: Int64, to: Int64, maximum: Int) {
    // A span that a civil clock can have, so that no sum overflows.
    let limit: Int64 = 1 << 53
    self.from = max(-limit, min(from, limit))
    self.to = max(-limit, min(to, limit))
    self.maximum = max(0, min(maximum, 1_000_000))
  }

  mutating func add(at: Int64, least: Double, mean: Double, greatest: Double) {
    guard at >= from, at < to else { return }
    collected.append(
      DeviceHistory.Sample(at: WallTime(milliseconds: at), minimum: least, mean: mean, maximum: greatest))
  }

  func samples() -> [DeviceHistory.Sample] {
    let ordered = collected.sorted { $0.at < $1.at }
    guard ordered.count > maximum, maximum > 0 else { return ordered }
    let step = max(1, (to - from + Int64(maximum) - 1) / Int64(maximum))
    var joined: [DeviceHistory.Sample] = []
    var slot: Int64 = -1
    var count = 0.0
    for point in ordered {
      let place = (point.at.milliseconds - from) / step
      if place != slot {
        slot = place
        count = 1
        joined.append(
          DeviceHistory.Sample(
            at: WallTime(milliseconds: from + place * step), minimum: point.minimum, mean: point.mean,
            maximum: point.maximum))
        continue
      }
      count += 1
      let last = joined.count - 1
      joined[last].minimum = min(joined[last].minimum, point.minimum)
      joined[last].maximum = max(joined[last].maximum, point.maximum)
      joined[last].mean += (point.mean - joined[last].mean) / count
    }
    return joined
  }
}
