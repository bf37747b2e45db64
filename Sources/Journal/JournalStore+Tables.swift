import Control
import Fleet
import GRDB

extension EventEntry {
  /// The table counts by itself: an engine that could not read the journal at its start counts from 1 again.
  func insert(_ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO events (at, severity, namespace, name, register, reason, message, mark)
        VALUES (?,?,?,?,?,?,?,?)
        """
    ).execute(arguments: [
      event.at.milliseconds, event.severity.rawValue, event.device.map { AuditValue.clean($0.namespace) },
      event.device.map { AuditValue.clean($0.name) }, event.register.map(AuditValue.clean),
      AuditValue.clean(event.reason), AuditValue.clean(event.message), mark?.word,
    ])
  }
}

extension DeviceCounters {
  /// Counters only grow: an engine that began without its journal does not set them back. A standing drift is as it
  /// was last told.
  func store(_ db: Database, _ device: DeviceID) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO counters (namespace, name, register, drift_events, corrections, drift_seen, drift_after)
        VALUES (?,?,?,?,?,?,?)
        ON CONFLICT DO UPDATE SET drift_events = max(drift_events, excluded.drift_events),
          corrections = max(corrections, excluded.corrections), drift_seen = excluded.drift_seen,
          drift_after = excluded.drift_after
        """)
    func row(
      _ register: String, _ drifts: UInt64, _ corrections: UInt64, seen: WallTime?, after: WallTime?
    ) throws {
      try statement.execute(arguments: [
        AuditValue.clean(device.namespace), AuditValue.clean(device.name), AuditValue.clean(register),
        Int64(clamping: drifts), Int64(clamping: corrections), seen?.milliseconds, after?.milliseconds,
      ])
    }
    try row("", driftEvents, corrections, seen: nil, after: nil)
    for register in registers {
      try row(
        register.name, register.driftEvents, register.corrections, seen: register.driftSeen,
        after: register.driftAfter)
    }
  }
}

extension OverrideChange {
  func apply(_ db: Database) throws {
    switch self {
    case .set(let override):
      try db.execute(
        sql: """
          INSERT OR REPLACE INTO overrides (kind, namespace, name, register, by, since, until, reason)
          VALUES (?,?,?,?,?,?,?,?)
          """,
        arguments: override.key.arguments + override.arguments)
    case .clear(let key):
      try db.execute(
        sql: "DELETE FROM overrides WHERE kind = ? AND namespace = ? AND name = ? AND register = ?",
        arguments: key.arguments)
    }
  }
}

extension Override.Key {
  fileprivate var arguments: StatementArguments {
    switch self {
    case .hold: ["hold", "", "", ""]
    case .shelf(let device, let register):
      [
        "shelf", AuditValue.clean(device.namespace), AuditValue.clean(device.name),
        AuditValue.clean(register ?? ""),
      ]
    case .suspend(let device):
      ["suspend", AuditValue.clean(device.namespace), AuditValue.clean(device.name), ""]
    }
  }
}

extension Override {
  fileprivate var arguments: StatementArguments {
    switch self {
    case .hold(let hold):
      [AuditValue.clean(hold.by), hold.since.milliseconds, nil, AuditValue.clean(hold.reason)]
    case .shelf(_, let shelf):
      [
        AuditValue.clean(shelf.by), shelf.since.milliseconds, shelf.until.milliseconds,
        AuditValue.clean(shelf.reason),
      ]
    case .suspend(_, let by, let since): [AuditValue.clean(by), since.milliseconds, nil, ""]
    }
  }

  /// Columns kind, namespace, name, register, by, since, until, reason.
  init?(_ row: Row) {
    let cells = Cells(row)
    guard let kind = cells.text(0), let namespace = cells.text(1), let name = cells.text(2),
      let register = cells.text(3), let by = cells.text(4), let since = cells.integer(5)
    else { return nil }
    let device = DeviceID(namespace: namespace, name: name)
    let start = WallTime(milliseconds: since)
    let reason = cells.text(7) ?? ""
    switch kind {
    case "hold": self = .hold(Hold(by: by, since: start, reason: reason))
    case "suspend": self = .suspend(device, by: by, since: start)
    case "shelf":
      guard let until = cells.integer(6) else { return nil }
      self = .shelf(
        device,
        Shelf(
          by: by, since: start, until: WallTime(milliseconds: until), reason: reason,
          register: register.isEmpty ? nil : register))
    default: return nil
    }
  }
}
