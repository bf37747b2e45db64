import Control
import GRDB

/// One row of the table `audit`, field by field as stored. The hash is over these, not over what they mean, so
/// that an edit which still reads the same is found too.
struct AuditRow {
  var sequence: Int64
  var session: Int64
  var at: Int64
  var kind: String
  var actor: String
  var namespace: String?
  var name: String?
  var register: String?
  var place: String?
  var before: String?
  var after: String?
  var beforeWords: [UInt8]
  var afterWords: [UInt8]
  var order: Int64?
  var cause: String?
  var revision: String?
  var outcome: String?
  var detail: String?

  static let columns = """
    sequence, session, at, kind, actor, namespace, name, register, place, before, after, before_words, \
    after_words, write_order, cause, revision, outcome, detail, hash
    """
  static let insert = "INSERT INTO audit (\(columns)) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"

  init(_ draft: AuditDraft, sequence: Int64, session: Int64) {
    self.sequence = sequence
    self.session = session
    at = draft.at.milliseconds
    kind = AuditValue.clean(draft.kind.rawValue)
    actor = AuditValue.clean(draft.actor)
    namespace = draft.device.map { AuditValue.clean($0.namespace) }
    name = draft.device.map { AuditValue.clean($0.name) }
    register = draft.register.map(AuditValue.clean)
    place = draft.place.map(AuditValue.clean)
    before = draft.before.map { AuditValue.clean(AuditValue.text($0)) }
    after = draft.after.map { AuditValue.clean(AuditValue.text($0)) }
    beforeWords = AuditValue.bytes(draft.beforeWords)
    afterWords = AuditValue.bytes(draft.afterWords)
    order = draft.order.map { Int64(bitPattern: $0) }
    cause = draft.cause.map(AuditValue.clean)
    revision = draft.revision.map(AuditValue.clean)
    outcome = draft.outcome.map(AuditValue.clean)
    detail = draft.detail.map(AuditValue.clean)
  }

  /// `nil`: a field has a type that this program never writes.
  init?(_ row: Row) {
    let cells = Cells(row)
    guard let sequence = cells.integer(0), let session = cells.integer(1), let at = cells.integer(2),
      let kind = cells.text(3), let actor = cells.text(4)
    else { return nil }
    self.sequence = sequence
    self.session = session
    self.at = at
    self.kind = kind
    self.actor = actor
    namespace = cells.text(5)
    name = cells.text(6)
    register = cells.text(7)
    place = cells.text(8)
    before = cells.text(9)
    after = cells.text(10)
    beforeWords = cells.bytes(11) ?? []
    afterWords = cells.bytes(12) ?? []
    order = cells.integer(13)
    cause = cells.text(14)
    revision = cells.text(15)
    outcome = cells.text(16)
    detail = cells.text(17)
  }

  func arguments(hash: [UInt8]) -> StatementArguments {
    let values: [(any DatabaseValueConvertible)?] = [
      sequence, session, at, kind, actor, namespace, name, register, place, before, after,
      Cells.blob(beforeWords), Cells.blob(afterWords), order, cause, revision, outcome, detail,
      Cells.blob(hash),
    ]
    return StatementArguments(values)
  }

  func record(hash: [UInt8]) -> AuditRecord {
    var device: DeviceID?
    if let namespace, let name { device = DeviceID(namespace: namespace, name: name) }
    let draft = AuditDraft(
      kind: AuditKind(rawValue: kind), at: WallTime(milliseconds: at), actor: actor, device: device,
      register: register, place: place, before: before.flatMap(AuditValue.value),
      after: after.flatMap(AuditValue.value), beforeWords: AuditValue.words(beforeWords),
      afterWords: AuditValue.words(afterWords), order: order.map { UInt64(bitPattern: $0) }, cause: cause,
      revision: revision, outcome: outcome, detail: detail)
    return AuditRecord(sequence: sequence, session: session, draft: draft, hash: hash)
  }
}
