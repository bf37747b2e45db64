/// One reason why a register may not be written now, in the order of the gates (design §5).
public enum Refusal: Hashable, Sendable {
  /// Gate 1: attached, or started with `--observe`.
  case notControlling(mode: FleetMode)
  /// Gate 2: another process or replica controls this device set, or the lease deadline has passed.
  case notLeading(holder: String)
  /// Gate 3: all writes are held.
  case held(Hold)
  /// Gate 4.
  case suspended(by: String)
  case shelved(Shelf)
  /// Gate 5: `autoCorrect` is off and no operator asked.
  case autoCorrectOff
  /// Gate 6: outside every window; when the next one opens, if one does.
  case outsideWindow(opens: WallTime?)
  /// Gate 7: the value would leave the envelope.
  case outsideEnvelope(value: Double, minimum: Double?, maximum: Double?)
  /// Gate 7: the next step would exceed `maxStep`.
  case stepTooLarge(step: Double, maxStep: Double)
  /// Gate 7: the register cannot be written or has no desired value.
  case notWritable
  /// Gate 8: not read in this cycle on this connection; how old the last read is.
  case staleObservation(age: TimeSpan?)
  /// Gate 9: the permit register disagrees, or could not be read (`found == nil`).
  case permitWithheld(PermitRule, found: UInt16?)
  /// Gate 10: no budget left until `next`.
  case budgetSpent(limitPerHour: Int, next: WallTime)
  /// Gate 10: the register's memory is made for no more writes.
  case wornOut(written: UInt64, endurance: UInt64)
  /// Gate 11.
  case contested(reverts: Int, rivalDelay: TimeSpan?, retryAt: WallTime)
  /// Gate 12.
  case identityMismatch(expected: DeviceIdentity, found: DeviceIdentity?)
  /// Gate 13: the source is not trusted (unsigned commit, …).
  case untrustedSource(reason: String)
  /// The audit journal cannot take the record that must precede the frame.
  case journalUnavailable(reason: String)
  /// An earlier write timed out; nothing is decided until the register has been read again.
  case uncertain
  /// The last writes failed (ignored, refused by the device, not answered); automatic ones wait until then.
  case backingOff(failures: Int, retryAt: WallTime)
  /// An internal invariant failed: nothing is written to this device any more.
  case faulted(reason: String)
  /// What another process, which controls the device, said when asked; never decided here.
  case reported(gate: Int, reason: String, explanation: String)
}

/// How this process relates to the devices.
public enum FleetMode: String, Hashable, Sendable, CaseIterable {
  case control, observe, attached
}

/// An operator's stop of all writes.
public struct Hold: Hashable, Sendable {
  public var by: String
  public var since: WallTime
  public var reason: String

  public init(by: String, since: WallTime, reason: String) {
    self.by = by
    self.since = since
    self.reason = reason
  }
}

/// An operator's timed, reasoned, attributed silence on one device or register (ISA-18.2).
public struct Shelf: Hashable, Sendable {
  public var by: String
  public var since: WallTime
  public var until: WallTime
  public var reason: String
  /// `nil`: the whole device.
  public var register: String?

  public init(by: String, since: WallTime, until: WallTime, reason: String, register: String? = nil) {
    self.by = by
    self.since = since
    self.until = until
    self.reason = reason
    self.register = register
  }
}

/// What holds for every device of the process at once.
public struct FleetGates: Hashable, Sendable {
  public var mode: FleetMode
  /// Writes need `now <= leadershipUntil`; `nil`: not leading. `Instant(.max)` for a lock held for good.
  public var leadershipUntil: Instant?
  /// Who leads instead, for the message.
  public var leader: String
  public var hold: Hold?
  /// `nil`: the journal takes records.
  public var journalProblem: String?
  /// `nil`: trusted.
  public var trustProblem: String?

  public init(
    mode: FleetMode = .control, leadershipUntil: Instant? = Instant(nanoseconds: .max), leader: String = "",
    hold: Hold? = nil, journalProblem: String? = nil, trustProblem: String? = nil
  ) {
    self.mode = mode
    self.leadershipUntil = leadershipUntil
    self.leader = leader
    self.hold = hold
    self.journalProblem = journalProblem
    self.trustProblem = trustProblem
  }
}
