/// The control loop of one device, as a pure state machine: inputs and the time in, actions out.
///
/// Polls stand on a fixed grid of the monotonic clock (missed ones are skipped, there is never a burst); one
/// cycle is in flight at a time. A cycle is one read of all registers and then, one after the other, the
/// writes that the gate permits on what was read, each read back before the next. Ramps take one step a cycle
/// and the next after the poll interval or a second, whichever is shorter. The phase is `Connected` only once
/// the device has answered a read.
///
/// Until the first `Input.gates` nothing is ever written.
public struct DeviceMachine: Sendable {
  public let id: DeviceID
  public internal(set) var phase: Phase = .pending

  var configuration: Configuration?
  var gates = FleetGates(mode: .observe, leadershipUntil: nil)
  var random: SplitMix64
  var link: Link = .none
  var activity: Activity = .idle
  /// When the driver was last asked for what it has not answered yet.
  var askedAt = Instant(nanoseconds: .min)
  /// The words of all registers as last read.
  var words: [UInt16] = []
  var registers: [RegisterState] = []
  var permit: UInt16?
  /// Writes may be decided on what was read at its beginning.
  var cycle: Cycle?
  var identity: WriteQuestion.Identity = .notAsked
  var identityTold = false
  var identityAskedAt = Instant(nanoseconds: .min)

  /// The next regular poll, and an earlier extra read.
  var nextPoll = Instant(nanoseconds: .max)
  var promptAt: Instant?
  var scheduled: Instant?
  /// Nothing but new words can matter: no drift, no pending verdict, no sync.
  var quiet = false
  var lastRead: Moment?
  /// When the specification came: what staleness counts from before the first read.
  var since = Instant(nanoseconds: .min)
  var stale = false

  var failures = 0
  var lastError: WireProblem?
  var lastTransition = WallTime.never
  var driftEvents: UInt64 = 0
  var corrections: UInt64 = 0
  var sequence: UInt64 = 0

  var suspendedBy: String?
  var shelves: [StandingShelf] = []
  var syncs: [PendingSync] = []
  var restored: [DeviceCounters.RegisterCounters] = []
  /// Writes before a release, on this process's clock: better than the civil times in `restored`.
  var keptWrites: [(name: String, writes: [WritePast.Stamp])] = []
  var fault: String?

  let pollSlots: Int?

  /// - Parameters:
  ///   - seed: of the jitter; the same seed and inputs give the same actions.
  ///   - pollSlots: moments of a poll interval at which a fleet is polled; `nil`: any.
  public init(id: DeviceID, seed: UInt64, pollSlots: Int? = nil) {
    self.id = id
    self.pollSlots = pollSlots
    random = SplitMix64(seed: seed ^ id.stableHash)
  }

  /// What happened at `now`; appends what to do.
  public mutating func step(_ input: Input, at now: Moment, into actions: inout [Action]) {
    switch input {
    case .timer: scheduled = nil
    case .read(let observation): absorb(observation, now, &actions)
    case .readFailed(let problem): readFailed(problem, now, &actions)
    case .readBusy: readBusy(now, &actions)
    case .identity(let answer): identityAnswered(answer, now, &actions)
    case .connected: connected(now)
    case .connectFailed(let problem): if case .connecting = link { fail(problem, now, &actions) }
    case .disconnected(let problem): if case .up = link { fail(problem, now, &actions) }
    case .writeAcknowledged(let order): acknowledged(order, now, &actions)
    case .writeRefused(let order, let exception):
      writeEnded(order, .refusedByDevice(exception: exception), now, &actions)
    case .writeUncertain(let order, let problem): writeUncertain(order, problem, now, &actions)
    case .writeNotSent(let order, let reason): writeEnded(order, .notSent(reason: reason), now, &actions)
    case .verified(let order, let reading): readBack(order, reading, now, &actions)
    case .verifyFailed(let order, let problem): verifyFailed(order, problem, now, &actions)
    case .desired(let spec): adopt(spec, now, &actions)
    case .removed: release(now, &actions)
    case .gates(let gates): gatesChanged(gates, now)
    case .command(let command): obey(command, now, &actions)
    case .restore(let counters): restore(counters, now)
    }
    settle(now, &actions)
  }

  /// As `step(_:at:into:)`, for tests and small callers.
  public mutating func step(_ input: Input, at now: Moment) -> [Action] {
    var actions: [Action] = []
    step(input, at: now, into: &actions)
    return actions
  }

  /// The last good value of a register as a number, without building a view. Text, unknown and unreadable:
  /// `nil`.
  public func number(ofRegister index: Int) -> Double? {
    guard registers.indices.contains(index), registers[index].isReadable else { return nil }
    return value(index)?.number
  }
}

extension DeviceMachine {
  /// Whether and how there is a connection.
  enum Link: Sendable {
    /// No specification. → waiting
    case none
    /// Connects at that time. → connecting
    case waiting(until: Instant)
    /// → up, waiting
    case connecting
    /// → waiting, parked
    case up
    /// Dropped on purpose until the next poll (`perRequest`). → connecting
    case parked
  }

  /// The one thing that the driver is asked to do. Orders are boxed to keep the machine small.
  enum Activity: Sendable {
    case idle
    /// `counts`: a regular poll, for `confirmReads` and for what must hold until the next poll.
    case reading(counts: Bool)
    case identifying
    case writing(KeptOrder)
    case verifying(KeptOrder, acknowledgedAt: Instant)

    var isIdle: Bool {
      if case .idle = self { return true }
      return false
    }
  }

  /// From a read to the last write decided on it.
  struct Cycle: Sendable {
    var readAt: Instant
    /// The next register to consider.
    var cursor = 0
    var counts: Bool
  }

  func publish(_ transition: Transition, _ actions: inout [Action]) { actions.append(.publish(transition)) }

  /// Moves along the permitted transitions; any other is a bug that stops corrections and says so.
  mutating func move(to next: Phase, _ now: Moment, _ actions: inout [Action]) {
    guard phase != next else { return }
    if !phase.mayMove(to: next) { violated("phase \(phase.rawValue) → \(next.rawValue)", &actions) }
    publish(.phase(from: phase, to: next), &actions)
    phase = next
    lastTransition = now.wall
  }

  mutating func violated(_ what: String, _ actions: inout [Action]) {
    if fault == nil { fault = what }
    publish(.invariantViolated(what), &actions)
  }

  func value(_ index: Int) -> RegisterValue? {
    guard let configuration, configuration.spec.registers.indices.contains(index) else { return nil }
    return RegisterCodec.decode(
      words, at: configuration.layout.range(of: index).lowerBound, as: configuration.spec.registers[index])
  }
}
