import Control
import Fleet
import Foundation
import GRDB

/// The open database for writing. Confined to the journal's thread; every method is one whole transaction.
final class JournalStore {
  let location: JournalLocation
  let session: Int64
  let controls: Bool
  let queue: DatabaseQueue
  /// Something an operator should know about what was found on opening.
  let notice: String?
  private let journalID: String
  private let identity: JournalLocation.FileIdentity?
  /// By `Series.index`; 0: not known yet.
  private var seriesIDs: [Int64] = []
  var downsampling = Downsampling()

  /// Names a session of a journal, to go on with it after the file was closed on a failure.
  struct Resumption: Hashable {
    var journal: String
    var session: Int64
  }

  var resumption: Resumption { Resumption(journal: journalID, session: session) }

  /// Opens or makes the journal, brings its schema up to date and opens a session (or goes on with one).
  init(
    _ location: JournalLocation, session: JournalSession, resuming: Resumption? = nil, now: WallTime
  ) throws(JournalProblem) {
    try location.prepare()
    self.location = location
    controls = session.controls
    let anchor = AuditAnchor(path: location.anchor).read()
    (queue, self.session, journalID, notice) = try Self.mapped(location.database) {
      let queue = try DatabaseQueue(path: location.database, configuration: Self.configuration())
      return try queue.writeWithoutTransaction { db in
        // GRDB sets NORMAL for WAL: a commit could then be lost with the power, after its frame was sent.
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try Schema.migrate(db, path: location.database)
        let journal = try AuditChain.journalID(db)
        let notice = try Self.check(db, anchor)
        if let resuming, resuming.journal == journal { return (queue, resuming.session, journal, notice) }
        return (queue, try Self.openSession(db, session, now), journal, notice)
      }
    }
    identity = location.identity()
    if notice != nil, anchor != nil { Self.setAside(location, at: now) }
  }

  /// Keeps a head that the audit no longer has, for `audit verify`: the next one takes its name.
  private static func setAside(_ location: JournalLocation, at now: WallTime) {
    _ = rename(location.anchor, location.lostAnchorPrefix + String(now.milliseconds))
  }

  /// A look at the end of the audit, cheap enough for every start; `fabctl audit verify` checks all of it.
  private static func check(_ db: Database, _ anchor: AuditHead?) throws -> String? {
    let last = try AuditRecord.fetch(db, "ORDER BY sequence DESC LIMIT 1", []).first
    let head = try AuditChain.storedHead(db)
    var fits = head?.sequence == last?.sequence && head?.hash == last?.hash
    if fits, let anchor {
      fits = try AuditRecord.fetch(db, "WHERE sequence = ?", [anchor.sequence]).first?.hash == anchor.hash
    }
    return fits ? nil : "the audit does not end as it was written: run fabctl audit verify"
  }

  private static func configuration() -> Configuration {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { db in
      // Takes effect only in a file without tables.
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
      try db.execute(sql: "PRAGMA journal_size_limit = 67108864")
    }
    return configuration
  }

  /// Runs database work and turns whatever it throws into a `JournalProblem`.
  static func mapped<T>(_ path: String, _ work: () throws -> T) throws(JournalProblem) -> T {
    do {
      return try work()
    } catch let problem as JournalProblem {
      throw problem
    } catch let error as DatabaseError {
      throw JournalProblem(error, path: path)
    } catch {
      throw .storage(path: path, detail: "\(error)")
    }
  }

  /// One immediate transaction: it sees what other processes committed, and keeps them out while it runs.
  func transaction<T>(_ work: (Database) throws -> T) throws(JournalProblem) -> T {
    guard location.identity() == identity else {
      throw .storage(path: location.database, detail: "was replaced or removed by something else")
    }
    return try Self.mapped(location.database) {
      try queue.writeWithoutTransaction { db in
        var result: T?
        try db.inTransaction(.immediate) {
          result = try work(db)
          return .commit
        }
        guard let result else { throw JournalProblem.storage(path: location.database, detail: "rolled back") }
        return result
      }
    }
  }

  // MARK: Sessions

  private static func openSession(_ db: Database, _ session: JournalSession, _ now: WallTime) throws -> Int64
  {
    var id: Int64 = 0
    try db.inTransaction(.immediate) {
      try db.execute(
        sql: "INSERT INTO sessions (started, alive, program, actor, pid, controls) VALUES (?,?,?,?,?,?)",
        arguments: [
          now.milliseconds, now.milliseconds, AuditValue.clean(session.program),
          AuditValue.clean(session.actor),
          Int64(session.pid), session.controls ? 1 : 0,
        ])
      id = db.lastInsertedRowID
      if session.controls {
        var chain = try AuditChain(db)
        try chain.append(
          AuditDraft(
            kind: .started, at: now, actor: session.actor, detail: "\(session.program) pid \(session.pid)"),
          session: id)
        for lost in try AuditRecord.unfinished(db, before: id) {
          try chain.append(.lostOutcome(of: lost, at: now, actor: session.actor), session: lost.session)
        }
        try chain.finish()
      }
      return .commit
    }
    return id
  }

  /// Renews the sign of life, or ends the session for good.
  func beat(_ now: WallTime, ending: JournalSession? = nil) throws(JournalProblem) {
    try transaction { db in
      try db.cachedStatement(sql: "UPDATE sessions SET alive = ? WHERE id = ?")
        .execute(arguments: [now.milliseconds, session])
      guard let ending else { return }
      try db.execute(
        sql: "UPDATE sessions SET ended = ? WHERE id = ?", arguments: [now.milliseconds, session])
      if controls {
        var chain = try AuditChain(db)
        try chain.append(
          AuditDraft(
            kind: .stopped, at: now, actor: ending.actor, detail: "\(ending.program) pid \(ending.pid)"),
          session: session)
        try chain.finish()
      }
    }
  }

  // MARK: Reading back

  func head() throws(JournalProblem) -> AuditHead? {
    try Self.mapped(location.database) { try queue.read { try AuditChain.storedHead($0) } }
  }

  func restore(now: WallTime) throws(JournalProblem) -> JournalRestore {
    try Self.mapped(location.database) {
      try queue.read { try JournalRestore.load($0, now: now, events: 500) }
    }
  }

  /// Ends the connection; the last one to end removes the write-ahead log.
  func close() {
    do { try queue.close() } catch {
      // A statement is still open somewhere; the connection ends with the last reference to it.
    }
  }

  // MARK: Upkeep

  /// One short step of down-sampling and deleting; `true`: there is more to do.
  func keepHouse(
    _ now: WallTime, _ options: JournalOptions, mayDelete: Bool, notice: (String) -> Void
  ) throws(JournalProblem) -> Bool {
    do {
      if try transaction({ db in try downsampling.step(db, now: now) }) { return true }
    } catch {
      downsampling.reset()
      throw error
    }
    guard mayDelete else { return false }
    let retention = Retention(options: options)
    let (more, given) = try transaction { db in (try retention.step(db, now: now), try retention.shrink(db)) }
    if let given { notice(given) }
    try Self.mapped(location.database) {
      try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum(2000)") }
    }
    return more
  }

  // MARK: Writing

  /// All of them durable, or none. Counters go with them: a count that was shown must not be lost by a crash.
  func append(
    _ audits: [PendingAudit], counters: [DeviceID: DeviceCounters]
  ) throws(JournalProblem) -> AuditHead {
    try transaction { db in
      for (device, counts) in counters { try counts.store(db, device) }
      var chain = try AuditChain(db)
      for audit in audits {
        try chain.append(audit.draft, session: session)
        if let change = audit.change { try change.apply(db) }
      }
      try chain.finish()
      return chain.head
    }
  }

  /// Samples, events, states and counters, with the sign of life.
  func write(
    runs: ArraySlice<SampleRun>, events: [EventEntry], states: [StateEntry],
    counters: [DeviceID: DeviceCounters], names: [SeriesName], now: WallTime
  ) throws(JournalProblem) {
    // A rolled-back transaction takes new series rows with it.
    let known = seriesIDs
    do {
      try transaction { db in
        try insert(db, runs, names)
        for entry in events { try entry.insert(db) }
        for entry in states { try insert(db, entry) }
        for (device, counts) in counters { try counts.store(db, device) }
        try db.cachedStatement(sql: "UPDATE sessions SET alive = ? WHERE id = ?")
          .execute(arguments: [now.milliseconds, session])
      }
    } catch {
      seriesIDs = known
      throw error
    }
    for run in runs { downsampling.noticed(minute: run.minute) }
  }

  private func insert(_ db: Database, _ runs: ArraySlice<SampleRun>, _ names: [SeriesName]) throws {
    guard !runs.isEmpty else { return }
    let statement = try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO raw (minute, series, at, last, count, value) VALUES (?,?,?,?,?,?)")
    for run in runs {
      guard let id = try seriesID(db, Int(run.series.index), names) else { continue }
      try statement.execute(arguments: [run.minute, id, run.first, run.last, run.count, run.value])
    }
  }

  private func insert(_ db: Database, _ entry: StateEntry) throws {
    let id = try Self.seriesID(db, SeriesName(device: entry.device, register: ""))
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO states (series, at, status) VALUES (?,?,?)")
      .execute(arguments: [id, entry.at.milliseconds, entry.status?.rawValue])
  }

  private func seriesID(_ db: Database, _ index: Int, _ names: [SeriesName]) throws -> Int64? {
    guard index < names.count else { return nil }
    while seriesIDs.count < names.count { seriesIDs.append(0) }
    if seriesIDs[index] == 0 { seriesIDs[index] = try Self.seriesID(db, names[index]) }
    return seriesIDs[index]
  }

  private static func seriesID(_ db: Database, _ series: SeriesName) throws -> Int64 {
    let arguments: StatementArguments = [
      AuditValue.clean(series.device.namespace), AuditValue.clean(series.device.name),
      AuditValue.clean(series.register),
    ]
    let find = "SELECT id FROM series WHERE namespace = ? AND name = ? AND register = ?"
    let found = try db.cachedStatement(sql: find)
    if let id = try Row.fetchOne(found, arguments: arguments).flatMap({ Cells($0).integer(0) }) { return id }
    try db.cachedStatement(sql: "INSERT INTO series (namespace, name, register) VALUES (?,?,?)")
      .execute(arguments: arguments)
    return db.lastInsertedRowID
  }
}

/// What a `Series` stands for.
struct SeriesName: Hashable, Sendable {
  var device: DeviceID
  /// Empty: the device's status.
  var register: String
}

extension JournalProblem {
  init(_ error: DatabaseError, path: String) {
    let detail = error.message ?? "\(error.resultCode)"
    switch error.resultCode {
    case .SQLITE_FULL: self = .diskFull(path: path)
    case .SQLITE_READONLY, .SQLITE_PERM: self = .readOnly(path: path)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(path: path, detail: detail)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      self = .storage(path: path, detail: "another process keeps it locked")
    default: self = .storage(path: path, detail: detail)
    }
  }
}
