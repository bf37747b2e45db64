import Control
import Foundation
import GRDB

/// What a check of the whole chain found.
public struct AuditVerdict: Hashable, Sendable {
  /// Rows read.
  public var records: Int64
  /// Of the last row; `nil`: there is none.
  public var head: AuditHead?
  /// Empty: nothing was changed, reordered or left out. In order; at most 100.
  public var faults: [AuditFault]
  /// The copy of the head outside of the database was there to compare with.
  public var anchored: Bool

  public var isIntact: Bool { faults.isEmpty }
}

/// One place where the chain does not hold.
public enum AuditFault: Hashable, Sendable, CustomStringConvertible {
  /// The row's content or hash is not what was written.
  case altered(row: Int64)
  /// Rows `from...through` are missing.
  case missing(from: Int64, through: Int64)
  /// The table ends before the head that was stored with its last row.
  case truncated(after: Int64, expected: Int64)
  /// The stored head does not belong to the last row: rows were added or rewritten without it.
  case headMismatch(row: Int64)
  /// The row differs from what was once noted of it outside of the database.
  case rewritten(row: Int64, notedIn: String)

  public var row: Int64 {
    switch self {
    case .altered(let row), .headMismatch(let row), .rewritten(let row, _): row
    case .missing(let from, _): from
    case .truncated(let after, _): after &+ 1
    }
  }

  public var description: String {
    switch self {
    case .altered(let row): "row \(row) was altered"
    case .missing(let from, let through):
      from == through ? "row \(from) is missing" : "rows \(from) to \(through) are missing"
    case .truncated(let after, let expected):
      "rows after \(after) were cut off: the last one should be \(expected)"
    case .headMismatch(let row): "row \(row) is not the one that was last written"
    case .rewritten(let row, let place): "row \(row) is not the one noted in \(place)"
    }
  }
}

/// Walks the chain, row by row in constant memory.
struct AuditVerification {
  /// Heads known from outside, with where from.
  var known: [(place: String, head: AuditHead)] = []

  func run(_ db: Database) throws -> AuditVerdict {
    var verdict = AuditVerdict(records: 0, head: nil, faults: [], anchored: false)
    var walk = Walk(known: known, previous: AuditHash.genesis(journal: try AuditChain.journalID(db)))
    let rows = try Row.fetchCursor(db, sql: "SELECT \(AuditRow.columns) FROM audit ORDER BY sequence")
    while let row = try rows.next() {
      walk.step(row)
      if walk.faults.count >= 100 { break }
    }
    if walk.faults.count < 100 { walk.finish(stored: try AuditChain.storedHead(db)) }
    verdict.records = walk.records
    verdict.head = walk.records == 0 ? nil : AuditHead(sequence: walk.last, hash: walk.previous)
    verdict.faults = walk.faults
    return verdict
  }

  private struct Walk {
    let known: [(place: String, head: AuditHead)]
    var previous: [UInt8]
    var last: Int64 = 0
    var records: Int64 = 0
    var faults: [AuditFault] = []

    init(known: [(place: String, head: AuditHead)], previous: [UInt8]) {
      self.known = known
      self.previous = previous
    }

    mutating func step(_ raw: Row) {
      records &+= 1
      let stored = Cells(raw).bytes(18) ?? []
      guard let row = AuditRow(raw) else {
        last &+= 1
        faults.append(.altered(row: last))
        previous = stored
        return
      }
      if row.sequence != last &+ 1 {
        // Cannot be smaller: the rows come in order and the key is unique.
        faults.append(.missing(from: last &+ 1, through: row.sequence &- 1))
      } else if AuditHash.next(after: previous, row) != stored {
        faults.append(.altered(row: row.sequence))
      }
      for (place, head) in known where head.sequence == row.sequence && head.hash != stored {
        faults.append(.rewritten(row: row.sequence, notedIn: place))
      }
      last = row.sequence
      previous = stored
    }

    mutating func finish(stored: AuditHead?) {
      let expected = max(stored?.sequence ?? 0, known.map(\.head.sequence).max() ?? 0)
      if expected > last {
        faults.append(.truncated(after: last, expected: expected))
      } else if records > 0, stored != AuditHead(sequence: last, hash: previous) {
        faults.append(.headMismatch(row: last))
      }
    }
  }
}

/// A copy of the head in a file beside the database, a second or so behind. Cutting off the newest rows *and*
/// setting the stored head back is seen here; who can rewrite both files and the whole chain is only seen against
/// a head kept elsewhere.
struct AuditAnchor {
  let path: String

  func write(_ head: AuditHead) throws(JournalProblem) {
    let new = path + ".new"
    unlink(new)
    let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure() }
    let text = Array("\(head)\n".utf8)
    let written = text.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
    let complete = written == text.count
    guard Foundation.close(file) == 0, complete, rename(new, path) == 0 else {
      let problem = failure()
      unlink(new)
      throw problem
    }
  }

  /// `nil`: missing or unreadable.
  func read() -> AuditHead? {
    guard let data = FileManager.default.contents(atPath: path), data.count < 256 else { return nil }
    return AuditHead(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
  }

  private func failure() -> JournalProblem { .storage(path: path, detail: String(cString: strerror(errno))) }
}
