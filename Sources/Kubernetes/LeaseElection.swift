/// Leader election over one Lease. Pure: time is an argument, and the civil clock is only copied into the
/// record for people to read.
///
/// Safety rests on spans of local monotonic time, as in client-go: another candidate takes over only when it
/// has seen the record unchanged for the whole lease duration, which cannot begin before our renewal was
/// *sent*. So from the moment of sending, for `renewDeadline` (shorter than the lease), nobody else can be
/// leader, as long as no two clocks differ in rate by more than `leaseDuration / renewDeadline` (1.5 by
/// default).
///
/// States: `following` → `leading` (acquired) → `following` (deadline passed, somebody else's, released);
/// any → `released`, which is final.
public struct LeaseElection: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// Unique for each run of the program: two processes with one identity would both lead.
    public var identity: String
    /// How long others wait, from the last renewal they saw, before they take over.
    public var leaseDuration: Duration
    /// How long after sending the last successful renewal this process still acts as leader.
    public var renewDeadline: Duration
    /// Between tries to acquire or renew.
    public var retryPeriod: Duration

    /// Throws `RequestError` unless 0 < retryPeriod < renewDeadline < leaseDuration <= a day, and the
    /// identity is not empty.
    public init(
      identity: String, leaseDuration: Duration = .seconds(15), renewDeadline: Duration = .seconds(10),
      retryPeriod: Duration = .seconds(2)
    ) throws(RequestError) {
      guard !identity.isEmpty else { throw RequestError(message: "lease identity is empty") }
      guard .zero < retryPeriod, retryPeriod < renewDeadline, renewDeadline < leaseDuration,
        leaseDuration <= .seconds(86_400)
      else {
        throw RequestError(message: "lease times must be 0 < retry period < renew deadline < lease duration")
      }
      self.identity = identity
      self.leaseDuration = leaseDuration
      self.renewDeadline = renewDeadline
      self.retryPeriod = retryPeriod
    }
  }

  public enum Input: Sendable {
    case start
    case timer
    /// The answer to `read`; nil when there is no Lease.
    case read(Lease?)
    /// The answer to `create` or `replace`: the Lease as stored.
    case written(Lease)
    /// The answer to any request that failed, whatever became of it on the server.
    case failed(ClientError)
    /// Give the lease up. Only after the last write is finished: the next leader may act at once.
    case release
  }

  public enum Action: Sendable {
    case read
    case create(Lease.Spec)
    case replace(Lease)
    /// Answer with `timer` at this instant, or as soon after as may be.
    case wait(until: MonotonicInstant)
    /// Leadership began.
    case elected
    /// Leadership ended. Writes must have stopped before; `mayWrite` says so by itself.
    case deposed(String)
    /// Somebody else leads.
    case observed(leader: String)
    /// The lease is given up, or what is left of it will run out by itself.
    case released
  }

  /// What this candidate last saw in the record, and when it saw it change.
  private struct Observation: Sendable {
    var lease: Lease
    var changed: MonotonicInstant
    /// The last look that was answered.
    var seen: MonotonicInstant
    /// No takeover before: see `outage`.
    var courtesy: MonotonicInstant?
  }

  private enum Request: Sendable {
    case none
    case reading
    case writing(sent: MonotonicInstant)
    case releasing
  }

  private enum Role: Sendable {
    case following
    case leading
    case released
  }

  public let configuration: Configuration
  private var generator: SeededGenerator
  private var role = Role.following
  private var request = Request.none
  private var observation: Observation?
  /// A lease made where there was none gives leadership only from then on.
  private var probation: MonotonicInstant?
  /// The write under way makes a lease where there was none.
  private var isMaking = false
  /// For how long somebody else may still act when there is no lease.
  private var caution: Duration
  private var deadline: MonotonicInstant?
  private var wantsRelease = false
  private var reportedLeader: String?

  public init(_ configuration: Configuration, seed: UInt64) {
    self.configuration = configuration
    caution = configuration.retryPeriod * 1.25
    generator = SeededGenerator(seed: seed)
  }

  /// Until when this process is certainly the only leader; nil when it is not one. Compare it with the clock
  /// at the moment of acting: it may have passed without any input.
  public var writeDeadline: MonotonicInstant? { role == .leading ? deadline : nil }

  /// Whether something that will be over at `end` may be begun.
  public func mayWrite(until end: MonotonicInstant) -> Bool {
    guard let deadline = writeDeadline else { return false }
    return end < deadline
  }

  /// Takes one input. `wall` is written into the record.
  public mutating func step(_ input: Input, at now: MonotonicInstant, wall: Timestamp) -> [Action] {
    if role == .released { return [] }
    var actions = expire(at: now)
    switch (input, request) {
    case (.release, _):
      wantsRelease = true
      actions += resign("released")
      // What is under way decides what there is to release; its answer goes on from here.
      if case .none = request { actions += read() }
    case (.start, .none), (.timer, .none):
      actions += read()
    case (.read(let lease), .reading):
      request = .none
      actions += wantsRelease ? release(lease) : decide(lease, at: now, wall: wall)
    case (.written(let lease), .writing(let sent)):
      request = .none
      observation = Observation(lease: lease, changed: now, seen: now)
      made(at: now)
      actions += wantsRelease ? release(lease) : hold(sent: sent, at: now)
    case (.written, .releasing), (.failed, .releasing):
      role = .released
      actions.append(.released)
    case (.failed, .reading) where wantsRelease:
      actions += release(nil)
    case (.failed, .reading), (.failed, .writing):
      // Whether a failed write reached the server is unknown. The next read tells.
      request = .none
      made(at: now)
      actions += wantsRelease ? read() : [wait(at: now)]
    default:
      break
    }
    return actions
  }

  // MARK: Deciding

  private mutating func decide(_ lease: Lease?, at now: MonotonicInstant, wall: Timestamp) -> [Action] {
    let observed = observe(lease, at: now)
    guard let lease else {
      isMaking = true
      request = .writing(sent: now)
      return observed + [.create(spec(after: nil, wall: wall))]
    }
    let holder = lease.spec?.holderIdentity ?? ""
    guard holder == configuration.identity || Self.isReleased(lease) || isExpired(at: now) else {
      return observed + resign("the lease is held by \(holder)") + [wait(at: now)]
    }
    var next = lease
    next.spec = spec(after: lease.spec, wall: wall)
    request = .writing(sent: now)
    return observed + [.replace(next)]
  }

  /// Whoever deletes a lease stops nobody: its holder acts until its own deadline, unless it sees another name before. So
  /// who makes one anew, and is not that holder, waits for as long as if it had been renewed just before. One that never
  /// saw a lease waits until a holder would have looked.
  private mutating func made(at now: MonotonicInstant) {
    guard isMaking else { return }
    isMaking = false
    if role != .leading { probation = now.advanced(by: caution) }
  }

  /// As a holder leaves it, and not as somebody who merely took its name out.
  private static func isReleased(_ lease: Lease) -> Bool {
    (lease.spec?.holderIdentity ?? "").isEmpty && lease.spec?.leaseDurationSeconds ?? 0 <= 1
  }

  private mutating func observe(_ lease: Lease?, at now: MonotonicInstant) -> [Action] {
    guard let lease else {
      observation = nil
      return []
    }
    let isSame = observation.map {
      $0.lease.spec == lease.spec && $0.lease.metadata.resourceVersion == lease.metadata.resourceVersion
    }
    if isSame == true {
      outage(at: now)
    } else {
      observation = Observation(lease: lease, changed: now, seen: now)
    }
    let holder = lease.spec?.holderIdentity ?? ""
    if holder != configuration.identity {
      probation = nil
      caution = Self.isReleased(lease) ? configuration.retryPeriod * 1.25 : patience
    }
    guard holder != reportedLeader, !holder.isEmpty else { return [] }
    reportedLeader = holder
    return holder == configuration.identity ? [] : [.observed(leader: holder)]
  }

  /// An API server that was away for everybody makes every lease look as if it had run out. Its holder still knows what
  /// nobody else does (what it counted meanwhile), so it is left the time of one lost request to come first.
  private mutating func outage(at now: MonotonicInstant) {
    guard let seen = observation?.seen else { return }
    observation?.seen = now
    guard seen.duration(to: now) > configuration.retryPeriod * 3 else { return }
    observation?.courtesy = now.advanced(
      by: configuration.renewDeadline / 2 + configuration.retryPeriod * 1.5)
  }

  /// True when the record has not changed, before our eyes, for as long as its holder asked for.
  private func isExpired(at now: MonotonicInstant) -> Bool {
    guard let observation, now >= observation.courtesy ?? now else { return false }
    return observation.changed.advanced(by: patience) < now
  }

  /// For how long the holder that was last seen may go on after a renewal.
  private var patience: Duration {
    let asked = Duration.seconds(min(max(observation?.lease.spec?.leaseDurationSeconds ?? 0, 0), 86_400))
    return max(asked, configuration.leaseDuration)
  }

  private func spec(after old: Lease.Spec?, wall: Timestamp) -> Lease.Spec {
    let isOurs = old?.holderIdentity == configuration.identity
    let transitions = max(old?.leaseTransitions ?? 0, 0)
    return Lease.Spec(
      holderIdentity: configuration.identity,
      // Rounded up: others must never wait for less than our deadline assumes.
      leaseDurationSeconds: Int(configuration.leaseDuration.inSeconds.rounded(.up)),
      acquireTime: isOurs ? old?.acquireTime?.value ?? wall : wall, renewTime: wall,
      leaseTransitions: isOurs || old == nil ? transitions : transitions &+ 1)
  }

  // MARK: Leading

  private mutating func hold(sent: MonotonicInstant, at now: MonotonicInstant) -> [Action] {
    let until = sent.advanced(by: configuration.renewDeadline)
    // An answer that took too long proves nothing about now.
    guard now < until else { return [wait(at: now)] }
    if let end = probation, now < end {
      guard case .wait(let next) = wait(at: now) else { return [] }
      return [.wait(until: min(next, end))]
    }
    probation = nil
    caution = patience
    deadline = until
    let wasLeading = role == .leading
    role = .leading
    reportedLeader = configuration.identity
    return (wasLeading ? [] : [.elected]) + [wait(at: now)]
  }

  private mutating func expire(at now: MonotonicInstant) -> [Action] {
    guard role == .leading, let deadline, now >= deadline else { return [] }
    return resign("the lease could not be renewed in time")
  }

  private mutating func resign(_ reason: String) -> [Action] {
    deadline = nil
    guard role == .leading else { return [] }
    role = .following
    return [.deposed(reason)]
  }

  private mutating func read() -> [Action] {
    request = .reading
    return [.read]
  }

  private mutating func release(_ lease: Lease?) -> [Action] {
    guard var lease, lease.spec?.holderIdentity == configuration.identity else {
      role = .released
      return [.released]
    }
    lease.spec?.holderIdentity = ""
    lease.spec?.leaseDurationSeconds = 1
    request = .releasing
    return [.replace(lease)]
  }

  private mutating func wait(at now: MonotonicInstant) -> Action {
    // Up to a fifth later, so that candidates do not all ask together.
    let jitter = configuration.retryPeriod.inSeconds * 0.2 * generator.unit()
    let next = now.advanced(by: configuration.retryPeriod + .seconds(jitter))
    // Awake at the deadline, so that its passing is announced when it happens.
    return .wait(until: writeDeadline.map { min($0, next) } ?? next)
  }
}
