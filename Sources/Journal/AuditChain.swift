import Control
import GRDB

/// Appends to the hash chain within one transaction: reads the head once, writes it once.
struct AuditChain {
  private let db: Database
  private(set) var head: AuditHead

  init(_ db: Database) throws {
    self.db = db
    head =
      try Self.storedHead(db) ?? AuditHead(sequence: 0, hash: AuditHash.genesis(journal: Self.journalID(db)))
  }

  mutating func append(_ draft: AuditDraft, session: Int64) throws {
    let (sequence, overflow) = head.sequence.addingReportingOverflow(1)
    guard !overflow else { throw DatabaseError(resultCode: .SQLITE_FULL, message: "the audit is full") }
    let row = AuditRow(draft, sequence: sequence, session: session)
    let hash = AuditHash.next(after: head.hash, row)
    try db.cachedStatement(sql: AuditRow.insert).execute(arguments: row.arguments(hash: hash))
    head = AuditHead(sequence: sequence, hash: hash)
  }

  /// Stores the new head; without it the rows would count as an edit.
  func finish() throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO audit_head (one, sequence, hash) VALUES (1, ?, ?)")
      .execute(arguments: [head.sequence, Cells.blob(head.hash)])
  }

  /// Binds the chain to its journal, so that rows cannot be taken from another one.
  static func journalID(_ db: Database) throws -> String {
    try Row.fetchOne(db, sql: "SELECT value FROM meta WHERE key = 'journal'").flatMap { Cells($0).text(0) }
      ?? ""
  }

  static func storedHead(_ db: Database) throws -> AuditHead? {
    guard let row = try Row.fetchOne(db, sql: "SELECT sequence, hash FROM audit_head"),
      let sequence = Cells(row).integer(0), let hash = Cells(row).bytes(1)
    else { return nil }
    return AuditHead(sequence: sequence, hash: hash)
  }
}
