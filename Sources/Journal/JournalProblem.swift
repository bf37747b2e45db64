import Control

/// Why the journal cannot be used, in one line for people.
public enum JournalProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or directory is not ours alone: a symbolic link, another owner, not a regular file.
  case notPrivate(path: String, why: String)
  /// The name of the device set cannot be a directory's name.
  case invalidSetName(String)
  /// Nothing has been recorded yet (readers only).
  case missing(path: String)
  /// Written by a later version of this program.
  case newerSchema(found: Int, supported: Int)
  /// SQLite can no longer make sense of the file.
  case damaged(path: String, detail: String)
  case diskFull(path: String)
  case readOnly(path: String)
  /// Any other failure of the file system or of SQLite.
  case storage(path: String, detail: String)
  /// The writer has not opened its file yet.
  case notOpenYet
  case closed
  /// More unwritten audit records than may wait; the newest is refused.
  case overloaded(waiting: Int)

  public var description: String {
    switch self {
    case .notPrivate(let path, let why): "journal refused: \(path) \(why)"
    case .invalidSetName(let name): "journal refused: \"\(name)\" cannot name a device set"
    case .missing(let path): "no journal at \(path)"
    case .newerSchema(let found, let supported):
      "journal has schema \(found), this program knows \(supported): use a newer fabctl"
    case .damaged(let path, let detail): "journal damaged: \(path): \(detail); move it away to go on"
    case .diskFull(let path): "journal cannot be written: no space left for \(path)"
    case .readOnly(let path): "journal cannot be written: \(path) is read-only"
    case .storage(let path, let detail): "journal cannot be used: \(path): \(detail)"
    case .notOpenYet: "journal is not open yet"
    case .closed: "journal is closed"
    case .overloaded(let waiting): "journal is too slow: \(waiting) records wait"
    }
  }
}

/// How the journal is doing.
public struct JournalHealth: Hashable, Sendable {
  /// Not `nil`: records cannot be made durable, so no correction may be written.
  public var problem: JournalProblem?
  /// What an operator should know though corrections may go on, one line each.
  public var notices: [String]
  /// Samples and events given up since the start because the disk did not keep up or failed.
  public var droppedSamples: UInt64
  public var droppedEvents: UInt64
  /// Which journal it is, once it has been open: another file that takes its place is another one.
  public var journal: String?
  /// The last audit record; worth keeping elsewhere, since it pins everything before it.
  public var head: AuditHead?

  public init(
    problem: JournalProblem? = nil, notices: [String] = [], droppedSamples: UInt64 = 0,
    droppedEvents: UInt64 = 0, journal: String? = nil, head: AuditHead? = nil
  ) {
    self.problem = problem
    self.notices = notices
    self.droppedSamples = droppedSamples
    self.droppedEvents = droppedEvents
    self.journal = journal
    self.head = head
  }
}
