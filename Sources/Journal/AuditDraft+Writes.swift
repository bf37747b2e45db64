import Control

/// Stable words for how a write ended, in the audit's `outcome` column.
public enum AuditOutcome {
  public static let notSent = "notSent"
  /// The process ended before the outcome was known: the frame may or may not have been sent.
  public static let unknown = "unknown"
}

extension AuditDraft {
  /// The record that must be durable before the order's frame is sent.
  public static func intent(
    _ order: WriteOrder, at: WallTime, actor: String, revision: String?
  ) -> AuditDraft {
    AuditDraft(
      kind: .intent, at: at, actor: order.cause.who ?? actor, device: order.device, register: order.spec.name,
      place: order.spec.place, before: order.before, after: order.value, beforeWords: order.beforeWords,
      afterWords: order.words, order: order.sequence, cause: order.cause.text, revision: revision,
      detail: order.bitMask.map { "mask 0x\(String($0, radix: 16))" })
  }

  /// How the order ended. A write may have several: verified, then held or reverted at the next poll.
  public static func outcome(
    _ order: WriteOrder, _ outcome: WriteOutcome, at: WallTime, actor: String, revision: String?
  ) -> AuditDraft {
    var draft = intent(order, at: at, actor: actor, revision: revision)
    draft.kind = .outcome
    draft.outcome = outcome.word
    draft.detail = outcome.detail
    return draft
  }

  /// A write that an operator asked for and that the gate refused, with every reason.
  public static func refused(
    _ register: RegisterSpec, of device: DeviceID, request: SyncRequest, reasons: [Refusal],
    before: RegisterValue?,
    at: WallTime, revision: String?
  ) -> AuditDraft {
    AuditDraft(
      kind: .refused, at: at, actor: request.by, device: device, register: register.name,
      place: register.place,
      before: before, after: register.desired, cause: WriteCause.operator(request).text, revision: revision,
      outcome: "refused", detail: reasons.map { "\($0.reason): \($0.explanation)" }.joined(separator: "; "))
  }

  static func lostOutcome(of lost: AuditRecord, at: WallTime, actor: String) -> AuditDraft {
    var draft = lost.draft
    draft.kind = .outcome
    draft.at = at
    draft.actor = actor
    draft.outcome = AuditOutcome.unknown
    draft.detail = "the process ended before the outcome was known"
    return draft
  }
}

extension RegisterSpec {
  var place: String { bit.map { "\(table.rawValue) \(address).\($0)" } ?? "\(table.rawValue) \(address)" }
}

extension WriteCause {
  var who: String? {
    switch self {
    case .automatic: nil
    case .operator(let request): request.by
    }
  }

  var text: String {
    switch self {
    case .automatic: "automatic"
    case .operator(let request): request.force ? "sync \(request.id) forced" : "sync \(request.id)"
    }
  }
}

extension WriteOutcome {
  var word: String {
    switch self {
    case .verified: "verified"
    case .heldAtNextPoll: "held"
    case .ignored: "ignored"
    case .reverted: "reverted"
    case .refusedByDevice: "refusedByDevice"
    case .uncertain: "uncertain"
    case .notSent: AuditOutcome.notSent
    case .unverified: "unverified"
    }
  }

  var detail: String? {
    switch self {
    case .verified, .heldAtNextPoll: nil
    case .ignored(let actual): "reads \(AuditValue.text(actual))"
    case .reverted(let actual, let after):
      "reads \(AuditValue.text(actual)), put back after \(after.milliseconds) ms"
    case .refusedByDevice(let exception): "exception 0x\(String(exception, radix: 16))"
    case .uncertain(let problem), .unverified(let problem): problem.detail
    case .notSent(let reason): reason
    }
  }
}
