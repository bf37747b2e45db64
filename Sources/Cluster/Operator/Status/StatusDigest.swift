import Control

/// What of a device's state is worth a write to the API server, in two sums: what people must know soon, and mere
/// values. Times of reads are in neither, or a steady fleet would be written at every poll.
struct StatusDigest: Hashable, Sendable {
  private let news: Int
  private let values: Int

  init(
    _ spec: DeviceSpec, _ view: DeviceView, generation: Int64, handledSync: String?, problems: [String]
  ) {
    var news = Hasher()
    news.combine(generation)
    news.combine(handledSync)
    news.combine(problems)
    // Between two attempts to reach a device that is away nothing has changed.
    news.combine(view.phase == .connecting && view.failures > 0 ? .failed : view.phase)
    news.combine(view.status)
    news.combine(view.driftEvents)
    news.combine(view.corrections)
    news.combine(view.lastError)
    news.combine(view.suspendedBy)
    news.combine(view.shelf)
    news.combine(view.uncertain)
    news.combine(view.stale)
    var values = Hasher()
    for register in view.registers {
      news.combine(register.spec.name)
      news.combine(register.spec.desired)
      news.combine(register.inSync)
      news.combine(register.exception)
      news.combine(register.contested)
      for refusal in register.refusals { news.combine(refusal.reason) }
      news.combine(register.shelf)
      news.combine(register.driftSeen)
      news.combine(register.lastCorrection)
      news.combine(register.driftEvents)
      news.combine(register.corrections)
      values.combine(register.rawWords)
    }
    self.news = news.finalize()
    self.values = values.finalize()
  }

  /// How urgent it is to tell `new` when `self` was told last; `nil`: it is the same.
  func urgency(of new: StatusDigest) -> StatusSchedule.Urgency? {
    if news != new.news { return .soon }
    return values == new.values ? nil : .inTurn
  }
}
