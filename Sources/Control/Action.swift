/// What the driver must do for a `DeviceMachine`; it decides nothing itself.
///
/// Every `connect`, `read`, `readIdentity`, `write` and `verify` is answered by exactly one input, unless a
/// `disconnect` comes first: from then on the driver delivers nothing of the dropped connection, not even its
/// end. An answer still due for a `write` is delivered all the same (`writeUncertain`); it is harmless.
public enum Action: Sendable {
  case connect
  /// Drop the connection (after a wire failure, an uncertain write or a poll with `perRequest`, and on
  /// removal).
  case disconnect
  /// Read every register of the specification, and the permit register, once. Supersedes a read under way
  /// (the specification has changed): of two only the newer is answered.
  case read
  /// FC 43/14, basic identification.
  case readIdentity
  /// Record in the audit journal, durably, and only then send. Answer with exactly one `write…` input.
  indirect case write(WriteOrder)
  /// Read the order's register back.
  indirect case verify(WriteOrder)
  /// Deliver `Input.timer` at this time; replaces the earlier schedule.
  case schedule(Instant)
  indirect case publish(Transition)
}

/// Who caused a write.
public enum WriteCause: Hashable, Sendable {
  case automatic
  case `operator`(SyncRequest)
}

/// One permitted write, made only by the write gate. Its identity never repeats within a process: a frame is
/// sent at most once for each.
public struct WriteOrder: Hashable, Sendable {
  public let sequence: UInt64
  public let device: DeviceID
  /// Index into the specification's registers, and the register itself as it was when decided.
  public let register: Int
  public let spec: RegisterSpec
  public let cause: WriteCause
  /// What was read in this cycle.
  public let before: RegisterValue
  public let beforeWords: [UInt16]
  /// What will be written: the desired value, or the next step of a ramp toward it.
  public let value: RegisterValue
  public let words: [UInt16]
  /// For a bit of a word: write only these bits (FC 22 mask write, or read-modify-write of `beforeWords`).
  public let bitMask: UInt16?

  /// Only the gate makes orders.
  init(
    sequence: UInt64, device: DeviceID, register: Int, spec: RegisterSpec, cause: WriteCause,
    before: RegisterValue, beforeWords: [UInt16], value: RegisterValue, words: [UInt16], bitMask: UInt16?
  ) {
    self.sequence = sequence
    self.device = device
    self.register = register
    self.spec = spec
    self.cause = cause
    self.before = before
    self.beforeWords = beforeWords
    self.value = value
    self.words = words
    self.bitMask = bitMask
  }
}

/// How a write ended.
public enum WriteOutcome: Hashable, Sendable {
  /// Read back as written; whether it holds is seen at the next poll.
  case verified
  /// Still there at the next poll.
  case heldAtNextPoll
  /// Acknowledged, but the read-back shows another value.
  case ignored(actual: RegisterValue)
  /// Verified, but changed again by something else; how long after the acknowledgement it was seen.
  case reverted(actual: RegisterValue, after: TimeSpan)
  case refusedByDevice(exception: UInt8)
  case uncertain(WireProblem)
  case notSent(reason: String)
  /// Acknowledged, but could not be read back.
  case unverified(WireProblem)
}

/// Something worth telling: to the events pane, the journal, the metrics and Kubernetes.
public enum Transition: Hashable, Sendable {
  case phase(from: Phase, to: Phase)
  case connected(afterFailures: Int)
  case connectionLost(WireProblem)
  case connectFailed(WireProblem, attempt: Int, retryIn: TimeSpan)
  /// In sync → drifted, after `confirmReads`. `since` is the last read that was still in sync, if any: the
  /// onset lies between it and `at`.
  case driftDetected(
    register: Int, desired: RegisterValue, actual: RegisterValue, since: WallTime?, at: WallTime)
  /// The drift ended by itself or because the desired value changed.
  case driftCleared(register: Int, actual: RegisterValue)
  /// A verified write ended the drift.
  case corrected(register: Int, from: RegisterValue, to: RegisterValue)
  case writeFinished(WriteOrder, WriteOutcome)
  /// A correction is wanted but refused; published when the list of reasons changes. Empty: allowed again.
  case writeRefused(register: Int, reasons: [Refusal])
  case contested(register: Int, reverts: Int, rivalDelay: TimeSpan?)
  case contestEnded(register: Int)
  case stale(since: WallTime?)
  case fresh
  case registerUnreadable(register: Int, exception: UInt8)
  case registerReadable(register: Int)
  case identity(expected: DeviceIdentity, found: DeviceIdentity?)
  case shelved(Shelf)
  case unshelved(register: String?, by: String, expired: Bool)
  case suspended(by: String)
  case resumed(by: String)
  case specChanged
  case released
  /// Every register of an operator's sync has an outcome.
  case syncFinished(SyncRequest, [SyncResult])
  /// An internal invariant failed; corrections of this device stop.
  case invariantViolated(String)
}

/// The outcome of one register of a sync request.
public struct SyncResult: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    case alreadyInSync
    case corrected
    case refused([Refusal])
    case failed(String)
  }
  public var register: Int
  public var name: String
  public var before: RegisterValue?
  public var after: RegisterValue?
  public var outcome: Outcome

  public init(
    register: Int, name: String, before: RegisterValue?, after: RegisterValue?, outcome: Outcome
  ) {
    self.register = register
    self.name = name
    self.before = before
    self.after = after
    self.outcome = outcome
  }
}
