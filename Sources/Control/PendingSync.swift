/// An operator's sync until every register of it has an outcome.
struct PendingSync: Sendable {
  struct Item: Sendable {
    var register: Int
    var spec: RegisterSpec
    var before: RegisterValue?
    var after: RegisterValue?
    /// At least one write of this request was verified.
    var wrote = false
    /// A write of this request was not answered or not read back: no second one is sent for it.
    var lost = false
    var outcome: SyncResult.Outcome?

    var result: SyncResult {
      SyncResult(
        register: register, name: spec.name, before: before, after: after,
        outcome: outcome ?? .failed("no outcome"))
    }
  }

  let request: SyncRequest
  /// The registers have been read since the request came.
  var armed = false
  var deadline: Instant
  var items: [Item]

  var isDone: Bool { items.allSatisfy { $0.outcome != nil } }

  /// The item of a register that still waits for its outcome.
  func openItem(_ register: Int) -> Int? {
    items.firstIndex { $0.register == register && $0.outcome == nil }
  }
}
