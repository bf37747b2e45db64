import Control
import Fleet
import GRDB

/// Counters, standing drifts and writes of every device, gathered from the tables.
struct CollectedCounters {
  private(set) var devices: [DeviceID: DeviceCounters] = [:]
  private var places: [SeriesName: Int] = [:]

  /// Counters as they were last stored.
  mutating func addStored(_ db: Database) throws {
    // A reader may look at a file that no writer has brought up to date yet.
    let drifts = try Schema.integer(db, "PRAGMA user_version") < 2 ? "NULL, NULL" : "drift_seen, drift_after"
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, drift_events, corrections, \(drifts) FROM counters
        ORDER BY namespace, name, register
        """)
    while let row = try rows.next() {
      let cells = Cells(row)
      guard let (device, register) = series(cells) else { continue }
      let drifts = UInt64(clamping: cells.integer(3) ?? 0)
      let corrections = UInt64(clamping: cells.integer(4) ?? 0)
      if register.isEmpty {
        devices[device, default: .init()].driftEvents = drifts
        devices[device, default: .init()].corrections = corrections
        continue
      }
      change(device, register) {
        $0.driftEvents = drifts
        $0.corrections = corrections
        $0.driftSeen = cells.integer(5).map { WallTime(milliseconds: $0) }
        $0.driftAfter = cells.integer(6).map { WallTime(milliseconds: $0) }
      }
    }
  }

  /// What the audit says was written. Times ahead of `now` count as just written: the clock may have been set back.
  mutating func addWrites(_ db: Database, now: WallTime) throws {
    try addBudget(db, since: now + .seconds(-3600))
    let all = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, count(*) FROM audit WHERE kind = 'intent' AND outcome IS NULL
        GROUP BY namespace, name, register
        """)
    while let row = try all.next() {
      let cells = Cells(row)
      guard let (device, register) = series(cells) else { continue }
      change(device, register) { $0.writes = UInt64(clamping: cells.integer(3) ?? 0) }
    }
    let unsent = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, count(*) FROM audit WHERE kind = 'outcome' AND outcome = ?
        GROUP BY namespace, name, register
        """, arguments: [AuditOutcome.notSent])
    while let row = try unsent.next() {
      let cells = Cells(row)
      guard let (device, register) = series(cells) else { continue }
      let count = UInt64(clamping: cells.integer(3) ?? 0)
      change(device, register) { $0.writes -= min($0.writes, count) }
    }
    try addLastDay(db, now: now)
  }

  /// The hourly budget: every intent whose frame may have been sent.
  private mutating func addBudget(_ db: Database, since: WallTime) throws {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, at FROM audit AS written
        WHERE kind = 'intent' AND at > ? AND NOT EXISTS (
          SELECT 1 FROM audit AS ended WHERE ended.session = written.session
            AND ended.write_order = written.write_order AND ended.kind = 'outcome' AND ended.outcome = ?
            AND ended.namespace = written.namespace AND ended.name = written.name)
        ORDER BY sequence
        """, arguments: [since.milliseconds, AuditOutcome.notSent])
    while let row = try rows.next() {
      let cells = Cells(row)
      guard let (device, register) = series(cells), let at = cells.integer(3) else { continue }
      change(device, register) { $0.recentWrites.append(WallTime(milliseconds: at)) }
    }
  }

  private mutating func addLastDay(_ db: Database, now: WallTime) throws {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, max(0, (? - at) / 3600000) AS age, count(*) FROM audit
        WHERE kind = 'intent' AND at > ? GROUP BY namespace, name, register, age
        """, arguments: [now.milliseconds, (now + .seconds(-86_400)).milliseconds])
    while let row = try rows.next() {
      let cells = Cells(row)
      guard let (device, register) = series(cells), let age = cells.integer(3), (0..<24).contains(age) else {
        continue
      }
      let count = UInt32(clamping: cells.integer(4) ?? 0)
      change(device, register) {
        if $0.writesByAge.isEmpty { $0.writesByAge = Array(repeating: 0, count: 24) }
        $0.writesByAge[Int(age)] = count
      }
    }
  }

  private func series(_ cells: Cells) -> (DeviceID, String)? {
    guard let namespace = cells.text(0), let name = cells.text(1), let register = cells.text(2) else {
      return nil
    }
    return (DeviceID(namespace: namespace, name: name), register)
  }

  private mutating func change(
    _ device: DeviceID, _ name: String, _ change: (inout DeviceCounters.RegisterCounters) -> Void
  ) {
    let series = SeriesName(device: device, register: name)
    let place = places[series] ?? devices[device, default: .init()].registers.count
    if places[series] == nil {
      places[series] = place
      devices[device, default: .init()].registers.append(.init(name: name))
    }
    devices[device]?.registers.withUnsafeMutableBufferPointer { if place < $0.count { change(&$0[place]) } }
  }
}
