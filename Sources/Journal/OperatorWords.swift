import Control
import Fleet
import GRDB

/// What operators said through processes that do not control the devices (`fabctl hold` beside a running
/// controller), for the controller to take up.
public struct OperatorWords: Sendable {
  public struct Word: Hashable, Sendable {
    /// Of its audit record.
    public var sequence: Int64
    public var command: FleetCommand
    public init(sequence: Int64, command: FleetCommand) {
      self.sequence = sequence
      self.command = command
    }
  }

  /// In the order in which they were said.
  public var words: [Word]
  /// The last audit record looked at: where the next look begins.
  public var upTo: Int64

  static let kinds: [AuditKind] = [.hold, .release, .shelve, .unshelve, .suspend, .resume]

  /// The words after the audit record `after`; without it only where to begin.
  static func load(_ db: Database, after: Int64?) throws -> OperatorWords {
    // Asked for as long as a controller runs: parsed once.
    guard let row = try Row.fetchOne(try db.cachedStatement(sql: "SELECT max(sequence) FROM audit")),
      let last = Cells(row).integer(0)
    else { return OperatorWords(words: [], upTo: after ?? 0) }
    guard let after, last > after else { return OperatorWords(words: [], upTo: last) }
    let marks = kinds.map { "'\($0.rawValue)'" }.joined(separator: ", ")
    let records = try AuditRecord.fetch(
      db,
      """
      WHERE sequence > ? AND kind IN (\(marks)) AND session IN (SELECT id FROM sessions WHERE controls = 0)
      ORDER BY sequence
      """, [after])
    guard !records.isEmpty else { return OperatorWords(words: [], upTo: last) }
    let standing = try JournalRestore.overrides(db)
    let words = records.compactMap { record in
      FleetCommand(record, standing: standing).map { Word(sequence: record.sequence, command: $0) }
    }
    return OperatorWords(words: words, upTo: last)
  }
}

extension FleetCommand {
  /// The command that an audit record tells; `nil`: of no interest, or overtaken by a later word.
  fileprivate init?(_ record: AuditRecord, standing: [Override]) {
    let draft = record.draft
    let devices = draft.device.map { [$0] } ?? []
    switch draft.kind {
    case .hold: self = .hold(reason: draft.detail ?? "", by: draft.actor)
    case .release: self = .release(by: draft.actor)
    case .shelve:
      guard let device = draft.device else { return nil }
      // How long is in the override alone.
      for case .shelf(device, let shelf) in standing
      where shelf.register == draft.register && shelf.since == draft.at {
        self = .shelve(
          devices, register: shelf.register, for: shelf.until - draft.at, reason: shelf.reason, by: shelf.by)
        return
      }
      return nil
    case .unshelve: self = .unshelve(devices, register: draft.register, by: draft.actor)
    case .suspend: self = .suspend(devices, reason: draft.detail ?? "", by: draft.actor)
    case .resume: self = .resume(devices, by: draft.actor)
    default: return nil
    }
  }
}

extension JournalReader {
  /// On the caller's thread.
  func wordsNow(after: Int64) throws -> OperatorWords {
    try pool.read { try OperatorWords.load($0, after: after) }
  }

  /// The last audit record from before a time; 0: there is none. On the caller's thread.
  func lastRecord(before time: WallTime) throws -> Int64 {
    try pool.read {
      try Int64.fetchOne(
        $0, sql: "SELECT max(sequence) FROM audit WHERE at < ?", arguments: [time.milliseconds]) ?? 0
    }
  }
}
