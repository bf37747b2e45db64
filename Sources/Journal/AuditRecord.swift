import Control

/// What an audit record is about: a stable word. Words unknown to this version are kept as they are.
public struct AuditKind: RawRepresentable, Hashable, Sendable {
  public var rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// A process began or ended to control the device set.
  public static let started = AuditKind(rawValue: "started")
  public static let stopped = AuditKind(rawValue: "stopped")
  /// A permitted write, recorded before its frame is sent, and how it went; a write may have several outcomes
  /// (verified, then reverted).
  public static let intent = AuditKind(rawValue: "intent")
  public static let outcome = AuditKind(rawValue: "outcome")
  /// A write that an operator asked for and a gate refused.
  public static let refused = AuditKind(rawValue: "refused")
  public static let sync = AuditKind(rawValue: "sync")
  public static let hold = AuditKind(rawValue: "hold")
  public static let release = AuditKind(rawValue: "release")
  public static let shelve = AuditKind(rawValue: "shelve")
  public static let unshelve = AuditKind(rawValue: "unshelve")
  public static let suspend = AuditKind(rawValue: "suspend")
  public static let resume = AuditKind(rawValue: "resume")
  public static let retryContested = AuditKind(rawValue: "retry-contested")
  public static let acknowledge = AuditKind(rawValue: "acknowledge")
  /// The controller has taken up the words of other processes, up to the record named by the cause.
  public static let takenUp = AuditKind(rawValue: "taken-up")
  public static let adopt = AuditKind(rawValue: "adopt")
  /// Another revision of the desired state came into force.
  public static let revision = AuditKind(rawValue: "revision")
}

/// What is to be recorded; the journal adds sequence, session and hash.
public struct AuditDraft: Hashable, Sendable {
  public var kind: AuditKind
  public var at: WallTime
  /// Who: the operator's name, or the program that acted by itself.
  public var actor: String
  public var device: DeviceID?
  public var register: String?
  /// `holding 4001`.
  public var place: String?
  public var before: RegisterValue?
  public var after: RegisterValue?
  public var beforeWords: [UInt16]
  public var afterWords: [UInt16]
  /// `WriteOrder.sequence`; with the session it names one write for ever.
  public var order: UInt64?
  /// `automatic`, `sync 12`, `sync 12 forced`.
  public var cause: String?
  /// The revision of the desired state in force, as `main@sha1:0123…`.
  public var revision: String?
  /// Stable word (`AuditOutcome`), with a line of detail for people.
  public var outcome: String?
  public var detail: String?

  public init(
    kind: AuditKind, at: WallTime, actor: String, device: DeviceID? = nil, register: String? = nil,
    place: String? = nil, before: RegisterValue? = nil, after: RegisterValue? = nil,
    beforeWords: [UInt16] = [], afterWords: [UInt16] = [], order: UInt64? = nil, cause: String? = nil,
    revision: String? = nil, outcome: String? = nil, detail: String? = nil
  ) {
    self.kind = kind
    self.at = at
    self.actor = actor
    self.device = device
    self.register = register
    self.place = place
    self.before = before
    self.after = after
    self.beforeWords = beforeWords
    self.afterWords = afterWords
    self.order = order
    self.cause = cause
    self.revision = revision
    self.outcome = outcome
    self.detail = detail
  }
}

/// One row of the audit, as stored.
public struct AuditRecord: Hashable, Sendable {
  /// 1, 2, 3, … without gaps.
  public var sequence: Int64
  /// The process that wrote it (`started` record).
  public var session: Int64
  public var draft: AuditDraft
  /// SHA-256 of the hash before it and of every field of this row.
  public var hash: [UInt8]

  public init(sequence: Int64, session: Int64, draft: AuditDraft, hash: [UInt8]) {
    self.sequence = sequence
    self.session = session
    self.draft = draft
    self.hash = hash
  }
}

/// The end of the chain. Kept anywhere else it proves that nothing before it was changed or cut off.
public struct AuditHead: Hashable, Sendable, CustomStringConvertible {
  public var sequence: Int64
  public var hash: [UInt8]

  public init(sequence: Int64, hash: [UInt8]) {
    self.sequence = sequence
    self.hash = hash
  }

  /// As printed by `fabctl audit verify`: `42:9f86d081…`.
  public init?(_ text: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let sequence = Int64(parts[0]), let hash = [UInt8](hex: parts[1]),
      hash.count == AuditHash.length
    else { return nil }
    self.init(sequence: sequence, hash: hash)
  }

  public var description: String { "\(sequence):\(hash.hex)" }
}

extension AuditDraft {
  /// Words of operators up to this record, said through other processes, are in force.
  public static func takenUp(upTo sequence: Int64, at time: WallTime, actor: String) -> AuditDraft {
    AuditDraft(kind: .takenUp, at: time, actor: actor, cause: "record \(sequence)")
  }

  /// The record up to which words are in force, of a `taken-up` record.
  public var takenUpTo: Int64? {
    guard kind == .takenUp, let cause, cause.hasPrefix("record ") else { return nil }
    return Int64(cause.dropFirst("record ".count))
  }
}
