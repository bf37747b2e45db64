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

  static func counters(_ db: Database, now: WallTime) throws -> [DeviceID: DeviceCounters] {
    var collected = CollectedCounters()
    try collected.addStored(db)
    try collected.addWrites(db, now: now)
    return collected.devices
  }
}

extension AuditRecord {
  /// Intents of earlier sessions without any outcome. Those before the last session of a controller were closed when
  /// that one began.
  static func unfinished(_ db: Database, before session: Int64) throws -> [AuditRecord] {
    try fetch(
      db,
      """
      WHERE kind = 'intent' AND session < ? AND sequence > (
        SELECT coalesce(max(sequence), 0) FROM audit WHERE kind = 'started' AND session < ?) AND NOT EXISTS (
        SELECT 1 FROM audit AS ended WHERE ended.session = audit.session
          AND ended.write_order = audit.write_order AND ended.kind = 'outcome'
          AND ended.namespace IS audit.namespace AND ended.name IS audit.name)
      ORDER BY sequence
      """, [session, session])
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
