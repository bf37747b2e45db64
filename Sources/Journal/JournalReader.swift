import Control
import Fleet
import GRDB

/// Which audit records to look up.
public struct AuditQuery: Hashable, Sendable {
  public var device: DeviceID?
  public var register: String?
  /// Empty: every kind.
  public var kinds: [AuditKind]
  public var from: WallTime?
  /// Exclusive.
  public var to: WallTime?
  /// Only records after this one, for paging forward.
  public var after: Int64?
  /// Without `after` the newest so many, with it the next so many.
  public var limit: Int

  public init(
    device: DeviceID? = nil, register: String? = nil, kinds: [AuditKind] = [], from: WallTime? = nil,
    to: WallTime? = nil, after: Int64? = nil, limit: Int = 1000
  ) {
    self.device = device
    self.register = register
    self.kinds = kinds
    self.from = from
    self.to = to
    self.after = after
    self.limit = limit
  }

  /// Oldest first.
  func run(_ db: Database) throws -> [AuditRecord] {
    var conditions = ["sequence > ?"]
    var arguments: StatementArguments = [after ?? 0]
    func add(_ condition: String, _ values: StatementArguments) {
      conditions.append(condition)
      arguments += values
    }
    if let device { add("namespace = ? AND name = ?", [device.namespace, device.name]) }
    if let register { add("register = ?", [register]) }
    if let from { add("at >= ?", [from.milliseconds]) }
    if let to { add("at < ?", [to.milliseconds]) }
    if !kinds.isEmpty {
      let marks = kinds.map { _ in "?" }.joined(separator: ", ")
      add("kind IN (\(marks))", StatementArguments(kinds.map(\.rawValue)))
    }
    let found = try AuditRecord.fetch(
      db,
      """
      WHERE \(conditions.joined(separator: " AND "))
      ORDER BY sequence \(after == nil ? "DESC" : "ASC") LIMIT ?
      """, arguments + [max(0, limit)])
    return after == nil ? found.reversed() : found
  }
}

/// The journal of one device set, open for reading; any number of readers may look while a writer writes.
public final class JournalReader: Sendable {
  let location: JournalLocation
  let pool: DatabasePool

  /// Fails when there is no journal yet, when it is not ours alone, or when a later version wrote it.
  public init(_ location: JournalLocation) throws(JournalProblem) {
    try location.requireExisting()
    self.location = location
    pool = try JournalStore.mapped(location.database) {
      var configuration = Configuration()
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      configuration.maximumReaderCount = 3
      let pool = try DatabasePool(path: location.database, configuration: configuration)
      try pool.read { try Schema.requireReadable($0, path: location.database) }
      return pool
    }
  }

  public func audit(_ query: AuditQuery) async throws(JournalProblem) -> [AuditRecord] {
    try await read { try query.run($0) }
  }

  /// Checks every audit row against the one before it, the stored head, the anchor file, and a head that was
  /// kept elsewhere.
  public func verifyAudit(against kept: AuditHead? = nil) async throws(JournalProblem) -> AuditVerdict {
    // Read before the rows: it is never ahead of them.
    let anchor = AuditAnchor(path: location.anchor).read()
    var known: [(place: String, head: AuditHead)] = []
    if let anchor { known.append((location.anchor, anchor)) }
    for path in location.lostAnchors {
      if let lost = AuditAnchor(path: path).read() { known.append((path, lost)) }
    }
    if let kept { known.append(("the head given", kept)) }
    let verification = AuditVerification(known: known)
    var verdict = try await read { try verification.run($0) }
    verdict.anchored = anchor != nil
    return verdict
  }

  /// Oldest first.
  public func events(_ query: EventQuery) async throws(JournalProblem) -> [FleetEvent] {
    try await read { try query.run($0) }
  }

  /// Counters, recent writes, overrides and events as they stand.
  public func restore(now: WallTime) async throws(JournalProblem) -> JournalRestore {
    try await read { try JournalRestore.load($0, now: now, events: 500) }
  }

  /// Samples, states and marks; each device in the order of the query. A device or register that was never
  /// recorded has an empty history.
  public func history(_ query: HistoryQuery) async throws(JournalProblem) -> [DeviceHistory] {
    try await read { db in try query.devices.map { try HistoryLookup(db, query, $0).run() } }
  }

  func read<T: Sendable>(
    _ work: @escaping @Sendable (Database) throws -> T
  ) async throws(JournalProblem) -> T {
    let result: Result<T, JournalProblem>
    do {
      result = .success(try await pool.read(work))
    } catch let error as DatabaseError {
      result = .failure(JournalProblem(error, path: location.database))
    } catch let problem as JournalProblem {
      result = .failure(problem)
    } catch {
      result = .failure(.storage(path: location.database, detail: "\(error)"))
    }
    return try result.get()
  }
}
