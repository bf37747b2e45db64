import GRDB

/// The tables, by version. A migration is never changed once released; a new one is added at the end.
enum Schema {
  static let version = migrations.count
  /// "FabJ" in the file's header, so that another program's database is not taken for a journal.
  static let applicationID: Int64 = 0x4661_624A

  static let migrations: [@Sendable (Database) throws -> Void] = [createTables, keepDriftsAndFindKinds]

  /// Brings an empty or older file to this version, each step whole or not at all.
  static func migrate(_ db: Database, path: String, steps: [@Sendable (Database) throws -> Void] = migrations)
    throws
  {
    let found = try integer(db, "PRAGMA user_version")
    if found > steps.count { throw JournalProblem.newerSchema(found: found, supported: steps.count) }
    let owner = try integer(db, "PRAGMA application_id")
    let isNew = found == 0 && owner == 0
    if !isNew, owner != Int(applicationID) {
      throw JournalProblem.damaged(path: path, detail: "not a FabGitOps journal")
    }
    if isNew, try integer(db, "SELECT count(*) FROM sqlite_master") > 0 {
      throw JournalProblem.damaged(path: path, detail: "not a FabGitOps journal")
    }
    for step in max(found, 0)..<steps.count {
      try db.inTransaction(.immediate) {
        // Another process may have come first.
        guard try integer(db, "PRAGMA user_version") == step else { return .rollback }
        try steps[step](db)
        try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        try db.execute(sql: "PRAGMA user_version = \(step + 1)")
        return .commit
      }
    }
  }

  /// For readers, which change nothing.
  static func requireReadable(_ db: Database, path: String) throws {
    let found = try integer(db, "PRAGMA user_version")
    if found > version { throw JournalProblem.newerSchema(found: found, supported: version) }
    guard try integer(db, "PRAGMA application_id") == Int(applicationID) else {
      if found == 0 { throw JournalProblem.missing(path: path) }
      throw JournalProblem.damaged(path: path, detail: "not a FabGitOps journal")
    }
  }

  static func integer(_ db: Database, _ sql: String) throws -> Int {
    guard let row = try Row.fetchOne(db, sql: sql) else { return 0 }
    return Int(truncatingIfNeeded: Cells(row).integer(0) ?? 0)
  }
}

private func createTables(_ db: Database) throws {
  try db.execute(
    sql: """
      CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
      INSERT INTO meta VALUES ('journal', lower(hex(randomblob(16))));

      -- One row per process that opened the journal for writing; alive is renewed while it runs.
      CREATE TABLE sessions (
        id INTEGER PRIMARY KEY, started INTEGER NOT NULL, alive INTEGER NOT NULL, ended INTEGER,
        program TEXT NOT NULL, actor TEXT NOT NULL, pid INTEGER NOT NULL, controls INTEGER NOT NULL) STRICT;

      CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY, session INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,
        actor TEXT NOT NULL, namespace TEXT, name TEXT, register TEXT, place TEXT, before TEXT, after TEXT,
        before_words BLOB NOT NULL, after_words BLOB NOT NULL, write_order INTEGER, cause TEXT, revision TEXT,
        outcome TEXT, detail TEXT, hash BLOB NOT NULL) STRICT;
      CREATE INDEX audit_by_time ON audit (at);
      CREATE INDEX audit_by_order ON audit (session, write_order);
      CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TABLE audit_head (
        one INTEGER PRIMARY KEY CHECK (one = 1), sequence INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;

      CREATE TABLE events (
        sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, severity INTEGER NOT NULL, namespace TEXT, name TEXT,
        register TEXT, reason TEXT NOT NULL, message TEXT NOT NULL, mark TEXT) STRICT;
      CREATE INDEX events_by_device ON events (namespace, name, at);
      CREATE INDEX events_by_time ON events (at);

      CREATE TABLE series (
        id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, name TEXT NOT NULL, register TEXT NOT NULL,
        UNIQUE (namespace, name, register)) STRICT;
      -- The status of a device, as a series with an empty register; NULL: not known from here on.
      CREATE TABLE states (
        series INTEGER NOT NULL, at INTEGER NOT NULL, status TEXT, PRIMARY KEY (series, at)) STRICT, WITHOUT ROWID;

      -- The same value read count times from at until last, all within one minute.
      CREATE TABLE raw (
        minute INTEGER NOT NULL, series INTEGER NOT NULL, at INTEGER NOT NULL, last INTEGER NOT NULL,
        count INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (minute, series, at)) STRICT, WITHOUT ROWID;
      -- least, mean and greatest per minute; equal minutes of one day in a row share a row.
      CREATE TABLE minutes (
        day INTEGER NOT NULL, series INTEGER NOT NULL, minute INTEGER NOT NULL, last INTEGER NOT NULL,
        count INTEGER NOT NULL, least REAL NOT NULL, mean REAL NOT NULL, greatest REAL NOT NULL,
        PRIMARY KEY (day, series, minute)) STRICT, WITHOUT ROWID;

      -- An empty register: the whole device.
      CREATE TABLE counters (
        namespace TEXT NOT NULL, name TEXT NOT NULL, register TEXT NOT NULL, drift_events INTEGER NOT NULL,
        corrections INTEGER NOT NULL, PRIMARY KEY (namespace, name, register)) STRICT, WITHOUT ROWID;

      CREATE TABLE overrides (
        kind TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL, register TEXT NOT NULL,
        by TEXT NOT NULL, since INTEGER NOT NULL, until INTEGER, reason TEXT NOT NULL,
        PRIMARY KEY (kind, namespace, name, register)) STRICT, WITHOUT ROWID;
      """)
}

/// Standing drifts outlive the process; records of one kind are found without reading the whole audit, which is kept
/// for ever.
private func keepDriftsAndFindKinds(_ db: Database) throws {
  try db.execute(
    sql: """
      ALTER TABLE counters ADD COLUMN drift_seen INTEGER;
      ALTER TABLE counters ADD COLUMN drift_after INTEGER;
      CREATE INDEX audit_by_kind ON audit (kind, outcome, namespace, name, register, at);
      """)
}
