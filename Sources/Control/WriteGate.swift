/// Everything the gates look at, for one register at one moment.
public struct WriteQuestion: Sendable {
  /// Whether the value is known well enough to decide on.
  public enum Freshness: Hashable, Sendable {
    /// Read in this cycle, on this connection.
    case thisCycle
    /// Read earlier; how long ago, if ever.
    case earlier(age: TimeSpan?)
  }

  /// What the device said of itself on this connection.
  public enum Identity: Hashable, Sendable {
    case notAsked
    /// `nil`: it does not support FC 43/14.
    case answered(DeviceIdentity?)
  }

  public struct Contest: Hashable, Sendable {
    public var reverts: Int
    public var rivalDelay: TimeSpan?
    public var retryAt: WallTime
  }

  public var device: DeviceSpec
  /// Index into the device's registers.
  public var register: Int
  public var cause: WriteCause
  public var gates: FleetGates
  public var suspendedBy: String?
  /// The shelf that covers the register, its own or the device's.
  public var shelf: Shelf?
  public var freshness: Freshness
  /// The register's words as last read.
  public var words: [UInt16]
  /// The permit register's raw value of the same cycle.
  public var permit: UInt16?
  /// When the next write fits the budget; `nil`: one fits now.
  public var budgetSpentUntil: WallTime?
  /// Writes of this register so far.
  public var written: UInt64 = 0
  /// `nil`: not contested, or the hold-off is over.
  public var contest: Contest?
  public var identity: Identity
  public var uncertain: Bool
  /// After failed writes: how many, and when an automatic one may try again.
  public var backingOff: (failures: Int, retryAt: WallTime)?
  /// An internal invariant has failed.
  public var fault: String?

  public init(
    device: DeviceSpec, register: Int, cause: WriteCause, gates: FleetGates, freshness: Freshness,
    words: [UInt16]
  ) {
    self.device = device
    self.register = register
    self.cause = cause
    self.gates = gates
    self.freshness = freshness
    self.words = words
    identity = .notAsked
    uncertain = false
  }
}

/// The one place where a write comes from (design §5).
public enum WriteGate {
  public enum Verdict: Hashable, Sendable {
    case permitted(WriteOrder)
    /// Every reason, in the order of the gates; never empty.
    case refused([Refusal])
  }

  /// Whether the register may be written now, and exactly what.
  ///
  /// `force` of an operator's sync opens gates 5 and 6 and nothing else; any operator's sync opens gate 5,
  /// and does not wait after failed writes.
  ///
  /// - Parameter sequence: the order's identity, never used before in this process for this device.
  public static func decide(_ question: WriteQuestion, sequence: UInt64, at now: Moment) -> Verdict {
    let registers = question.device.registers
    guard registers.indices.contains(question.register) else { return .refused([.notWritable]) }
    let spec = registers[question.register]
    var reasons: [Refusal] = []
    fleetGates(question, now, &reasons)
    permissionGates(question, spec, now, &reasons)
    let step = WriteStep.next(from: question.words, of: spec)
    if case .failure(let refusal) = step { reasons.append(refusal) }
    evidenceGates(question, &reasons)
    if let problem = question.gates.trustProblem { reasons.append(.untrustedSource(reason: problem)) }
    if let problem = question.gates.journalProblem { reasons.append(.journalUnavailable(reason: problem)) }
    if question.uncertain { reasons.append(.uncertain) }
    if let wait = question.backingOff, !question.cause.isOperator {
      reasons.append(.backingOff(failures: wait.failures, retryAt: wait.retryAt))
    }
    if let fault = question.fault { reasons.append(.faulted(reason: fault)) }
    guard reasons.isEmpty, case .success(let next) = step else { return .refused(reasons) }
    return .permitted(
      WriteOrder(
        sequence: sequence, device: question.device.id, register: question.register, spec: spec,
        cause: question.cause, before: next.before, beforeWords: question.words, value: next.value,
        words: next.words, bitMask: RegisterCodec.bitMask(of: spec)))
  }

  /// Gates 1 to 4.
  private static func fleetGates(_ question: WriteQuestion, _ now: Moment, _ reasons: inout [Refusal]) {
    let gates = question.gates
    if gates.mode != .control { reasons.append(.notControlling(mode: gates.mode)) }
    if !gates.isLeading(at: now.instant) { reasons.append(.notLeading(holder: gates.leader)) }
    if let hold = gates.hold { reasons.append(.held(hold)) }
    if let by = question.suspendedBy { reasons.append(.suspended(by: by)) }
    if let shelf = question.shelf { reasons.append(.shelved(shelf)) }
  }

  /// Gates 5 and 6.
  private static func permissionGates(
    _ question: WriteQuestion, _ spec: RegisterSpec, _ now: Moment, _ reasons: inout [Refusal]
  ) {
    if !(spec.autoCorrect ?? question.device.autoCorrect), !question.cause.isOperator {
      reasons.append(.autoCorrectOff)
    }
    let windows = question.device.correction.windows
    if !windows.isEmpty, !question.cause.isForced, !windows.contains(where: { $0.isOpen(at: now.wall) }) {
      reasons.append(.outsideWindow(opens: windows.compactMap { $0.nextOpening(after: now.wall) }.min()))
    }
  }

  /// Gates 8 to 12.
  private static func evidenceGates(_ question: WriteQuestion, _ reasons: inout [Refusal]) {
    if case .earlier(let age) = question.freshness { reasons.append(.staleObservation(age: age)) }
    if let rule = question.device.correction.permit, question.permit != rule.equals {
      reasons.append(.permitWithheld(rule, found: question.permit))
    }
    if let next = question.budgetSpentUntil {
      let limit = question.device.correction.maxWritesPerHour
      reasons.append(.budgetSpent(limitPerHour: limit, next: next))
    }
    if let endurance = question.device.correction.writeEndurance, question.written >= endurance {
      reasons.append(.wornOut(written: question.written, endurance: endurance))
    }
    if let contest = question.contest {
      reasons.append(
        .contested(reverts: contest.reverts, rivalDelay: contest.rivalDelay, retryAt: contest.retryAt))
    }
    if let expected = question.device.identity {
      var found: DeviceIdentity?
      if case .answered(let answer) = question.identity { found = answer }
      if found.map(expected.isMet(by:)) != true {
        reasons.append(.identityMismatch(expected: expected, found: found))
      }
    }
  }
}

extension FleetGates {
  /// Gate 2: the lease or lock is held, and its deadline has not passed.
  public func isLeading(at now: Instant) -> Bool { leadershipUntil.map { now <= $0 } ?? false }
}

extension DeviceIdentity {
  /// Whether what a device says of itself fits this expectation; fields that are `nil` here are not compared.
  public func isMet(by found: DeviceIdentity) -> Bool {
    (vendorName == nil || vendorName == found.vendorName)
      && (productCode == nil || productCode == found.productCode)
      && (revision == nil || revision == found.revision)
  }
}

extension WriteCause {
  var isOperator: Bool {
    if case .operator = self { return true }
    return false
  }

  var isForced: Bool {
    if case .operator(let request) = self { return request.force }
    return false
  }
}
