extension FleetGates {
  /// Why nothing at all may be written at this instant; `nil`: the fleet's gates are open. The driver asks once more
  /// right before it sends, because recording the intent takes time in which a gate may have closed.
  public func standingRefusal(at now: Instant) -> Refusal? {
    if mode != .control { return .notControlling(mode: mode) }
    if !isLeading(at: now) { return .notLeading(holder: leader) }
    if let hold { return .held(hold) }
    if let trustProblem { return .untrustedSource(reason: trustProblem) }
    if let journalProblem { return .journalUnavailable(reason: journalProblem) }
    return nil
  }
}

extension DeviceMachine {
  /// A write is on its way or being read back: a graceful stop waits for it.
  public var isWriting: Bool {
    switch activity {
    case .writing, .verifying: true
    case .idle, .reading, .identifying: false
    }
  }
}
