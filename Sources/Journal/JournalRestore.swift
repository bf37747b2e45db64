import Control
import Fleet
import GRDB

/// What an engine needs to go on where the last one stopped.
public struct JournalRestore: Sendable {
  public var counters: [DeviceID: DeviceCounters]
  /// Standing overrides; shelves that have run out are among them, so that their end can be told.
  public var overrides: [Override]
  /// The latest events, oldest first.
  public var events: [FleetEvent]
  /// Writes of a process that ended before it knew how they went; closed as `unknown` when this session began.
  public var interrupted: [AuditRecord]
  /// The last audit record that this state takes into account.
  public var upTo: Int64?

  public init(
    counters: [DeviceID: DeviceCounters] = [:], overrides: [Override] = [], events: [FleetEvent] = [],
    interrupted: [AuditRecord] = [], upTo: Int64? = nil
  ) {
    self.counters = counters
    self.overrides = overrides
    self.events = events
    self.interrupted = interrupted
    self.upTo = upTo
  }

  public var hold: Hold? {
    for case .hold(let hold) in overrides { return hold }
    return nil
  }

  static func load(_ db: Database, now: WallTime, events limit: Int) throws -> JournalRestore {
    // Before the overrides: a word that comes in between is then taken up twice rather than never.
    let upTo = try OperatorWords.load(db, after: nil).upTo
    return JournalRestore(
      counters: try counters(db, now: now), overrides: try overrides(db),
      events: try EventQuery(limit: limit).run(db), interrupted: try AuditRecord.interrupted(db), upTo: upTo)
  }

  static func overrides(_ db: Database) throws -> [Override] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT kind, namespace, name, register, by, since, until, reason FROM overrides
        ORDER BY kind, namespace, name, register
        """
    ).compactMap(Override.init)
  }

  /// The write budget counts every intent of the last hour whose frame may have been sent. Times ahead of `now`
  /// count too: the clock may have been set back.
  static func counters(_ db: Database, now: WallTime) throws -> [DeviceID: DeviceCounters] {
    var collected: [DeviceID: DeviceCounters] = [:]
    var places: [SeriesName: Int] = [:]
    func withRegister(
      _ device: DeviceID, _ name: String, _ change: (inout DeviceCounters.RegisterCounters) -> Void
    ) {
      let series = SeriesName(device: device, register: name)
      let place = places[series] ?? collected[device, default: .init()].registers.count
      if places[series] == nil {
        places[series] = place
        collected[device, default: .init()].registers.append(.init(name: name))
      }
      collected[device]?.registers.withUnsafeMutableBufferPointer {
        if place < $0.count { change(&$0[place]) }
      }
    }
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, drift_events, corrections FROM counters
        ORDER BY namespace, name, register
        """)
    while let row = try rows.next() {
      let cells = Cells(row)
      guard let namespace = cells.text(0), let name = cells.text(1), let register = cells.text(2) else {
        continue
      }
      let device = DeviceID(namespace: namespace, name: name)
      let drifts = UInt64(clamping: cells.integer(3) ?? 0)
      let corrections = UInt64(clamping: cells.integer(4) ?? 0)
      if register.isEmpty {
        collected[device, default: .init()].driftEvents = drifts
        collected[device, default: .init()].corrections = corrections
      } else {
        withRegister(device, register) {
          $0.driftEvents = drifts
          $0.corrections = corrections
        }
      }
    }
    let hourAgo = now + .seconds(-3600)
    let writes = try Row.fetchCursor(
      db,
      sql: """
        SELECT namespace, name, register, at FROM audit AS written
        WHERE kind = 'intent' AND at > ? AND namespace NOTNULL AND register NOTNULL AND NOT EXISTS (
          SELECT 1 FROM audit AS ended WHERE ended.session = written.session
            AND ended.write_order = written.write_order AND ended.kind = 'outcome' AND ended.outcome = ?
            AND ended.namespace = written.namespace AND ended.name = written.name)
        ORDER BY sequence
        """, arguments: [hourAgo.milliseconds, AuditOutcome.notSent])
    while let row = try writes.next() {
      let cells = Cells(row)
      guard let namespace = cells.text(0), let name = cells.text(1), let register = cells.text(2),
        let at = cells.integer(3)
      else { continue }
      withRegister(DeviceID(namespace: namespace, name: name), register) {
        $0.recentWrites.append(WallTime(milliseconds: at))
      }
    }
    return collected
  }
}

extension AuditRecord {
  /// Intents of earlier sessions without any outcome.
  static func unfinished(_ db: Database, before session: Int64) throws -> [AuditRecord] {
    try fetch(
      db,
      """
      WHERE kind = 'intent' AND session < ? AND NOT EXISTS (
        SELECT 1 FROM audit AS ended WHERE ended.session = audit.session
          AND ended.write_order = audit.write_order AND ended.kind = 'outcome'
          AND ended.namespace IS audit.namespace AND ended.name IS audit.name)
      ORDER BY sequence
      """, [session])
  }

  /// Those that the newest controlling session closed as unknown when it began.
  static func interrupted(_ db: Database) throws -> [AuditRecord] {
    try fetch(
      db,
      """
      WHERE kind = 'outcome' AND outcome = ?
        AND sequence > (SELECT coalesce(max(sequence), 0) FROM audit WHERE kind = 'started')
      ORDER BY sequence
      """, [AuditOutcome.unknown])
  }

  static func fetch(_ db: Database, _ rest: String, _ arguments: StatementArguments) throws -> [AuditRecord] {
    try Row.fetchAll(db, sql: "SELECT \(AuditRow.columns) FROM audit \(rest)", arguments: arguments)
      .compactMap { row in AuditRow(row)?.record(hash: Cells(row).bytes(18) ?? []) }
  }
}
