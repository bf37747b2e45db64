import Control
import Fleet
import Foundation
import Synchronization

/// The journal of one device set, open for writing.
///
/// Every call returns at once: work is handed to a thread of its own, which groups what waits into one
/// transaction. Completions run on that thread (or at once on the caller's, after `close`) and must not block.
///
/// Nothing here throws or ends the process when the disk is full, read-only or damaged: `JournalHealth.problem`
/// says so, intents fail, everything else waits within limits, and the writer tries again by itself.
public final class JournalWriter: Sendable {
  private let shared: JournalShared

  /// Opens in the background; until then the problem is `notOpenYet`.
  ///
  /// - Parameters:
  ///   - clock: both clocks, read together.
  ///   - onHealth: called on the journal's thread when the problem, the notices or the losses change.
  public init(
    _ location: JournalLocation, session: JournalSession, options: JournalOptions = .init(),
    clock: @escaping @Sendable () -> Moment = JournalClock.now,
    onHealth: @escaping @Sendable (JournalHealth) -> Void = { _ in }
  ) {
    shared = JournalShared(options)
    let thread = Thread { [shared] in
      let worker = JournalWorker(location, session, options, shared, onHealth)
      worker.run(clock)
    }
    thread.name = "journal"
    thread.stackSize = 2 << 20
    thread.start()
  }

  deinit { shared.close(nil) }

  /// How the journal is doing now.
  public var health: JournalHealth { shared.state.withLock(\.health) }

  // MARK: Audit

  /// Records a permitted write. Send its frame only after `.success`: the record is then on the disk. After
  /// `.failure` it is not there and never will be.
  public func record(
    intent draft: AuditDraft, completion: @escaping @Sendable (Result<AuditHead, JournalProblem>) -> Void
  ) {
    shared.add(PendingAudit(draft: draft, change: nil, failsFast: true, completion: completion))
  }

  /// Records anything else, with the change of an override that belongs to it. While the disk fails it waits and
  /// is tried again; `completion` comes when it is durable, or with a failure when it never will be.
  public func record(
    _ draft: AuditDraft, change: OverrideChange? = nil,
    completion: (@Sendable (Result<AuditHead, JournalProblem>) -> Void)? = nil
  ) {
    shared.add(PendingAudit(draft: draft, change: change, failsFast: false, completion: completion))
  }

  // MARK: History

  /// A short name for a register, for `append`. The same register gives the same series.
  public func series(_ device: DeviceID, register: String) -> Series {
    shared.state.withLock { $0.series(SeriesName(device: device, register: register)) }
  }

  /// Takes read values, oldest first. When the disk does not keep up these are the first to be given up.
  public func append(_ samples: [Sample]) {
    let urgent = shared.state.withLock { state in
      state.inbox.add(samples)
      return state.inbox.samples.count >= shared.options.maxWaitingSamples / 2
    }
    if urgent { shared.signal() }
  }

  /// Takes an event; `mark` is what it leaves in the device's timeline.
  public func record(_ event: FleetEvent, mark: DeviceHistory.Mark.Kind?) {
    shared.state.withLock { $0.inbox.add(EventEntry(event: event, mark: mark)) }
  }

  /// Takes an event with the mark that its reason stands for.
  public func record(_ event: FleetEvent) { record(event, mark: .init(reason: event.reason)) }

  /// The device's status changed; `nil`: not known from here on (released).
  public func record(status: DeviceStatus?, of device: DeviceID, at: WallTime) {
    shared.state.withLock { $0.inbox.add(StateEntry(device: device, at: at, status: status)) }
  }

  /// The device's counters, absolute, written at once. Stored counters never shrink.
  public func record(counters: DeviceCounters, of device: DeviceID) {
    shared.state.withLock { $0.inbox.counters[device] = counters }
    shared.signal()
  }

  // MARK: Life

  /// What the last engine left, once the journal is open; a failure when it cannot be opened now.
  public func restore(completion: @escaping @Sendable (Result<JournalRestore, JournalProblem>) -> Void) {
    shared.request(.restore(completion))
  }

  /// Writes what waits, for a reader that wants the newest.
  public func flush(completion: @escaping @Sendable (Result<Void, JournalProblem>) -> Void) {
    shared.request(.flush(completion))
  }

  /// Writes what waits, records the end of the session and closes; `completion` when done.
  public func close(completion: (@Sendable () -> Void)? = nil) { shared.close(completion) }

  public func restore() async throws(JournalProblem) -> JournalRestore {
    try await withCheckedContinuation { continuation in restore { continuation.resume(returning: $0) } }.get()
  }

  public func flush() async throws(JournalProblem) {
    try await withCheckedContinuation { continuation in flush { continuation.resume(returning: $0) } }.get()
  }

  public func close() async {
    await withCheckedContinuation { continuation in close { continuation.resume() } }
  }
}

/// The system's clocks, for the edge.
public enum JournalClock {
  @Sendable public static func now() -> Moment {
    var wall = timespec()
    var monotonic = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    clock_gettime(CLOCK_MONOTONIC, &monotonic)
    return Moment(
      instant: Instant(nanoseconds: Int64(monotonic.tv_sec) &* 1_000_000_000 &+ Int64(monotonic.tv_nsec)),
      wall: WallTime(milliseconds: Int64(wall.tv_sec) &* 1000 &+ Int64(wall.tv_nsec) / 1_000_000))
  }
}

/// What callers and the journal's thread share.
final class JournalShared: Sendable {
  enum Request: Sendable {
    case restore(@Sendable (Result<JournalRestore, JournalProblem>) -> Void)
    case flush(@Sendable (Result<Void, JournalProblem>) -> Void)
  }

  struct State: Sendable {
    var inbox: Inbox
    var requests: [Request] = []
    var names: [SeriesName] = []
    var indices: [SeriesName: Int32] = [:]
    var health = JournalHealth(problem: .notOpenYet)
    var closing = false
    var closed = false
    var closers: [@Sendable () -> Void] = []
    /// The semaphore has been raised and the thread has not taken since.
    var signalled = false

    mutating func series(_ name: SeriesName) -> Series {
      if let index = indices[name] { return Series(index: index) }
      let index = Int32(truncatingIfNeeded: names.count)
      names.append(name)
      indices[name] = index
      return Series(index: index)
    }
  }

  let options: JournalOptions
  let state: Mutex<State>
  private let semaphore = DispatchSemaphore(value: 0)

  init(_ options: JournalOptions) {
    self.options = options
    state = Mutex(State(inbox: Inbox(options)))
  }

  func add(_ audit: PendingAudit) {
    let accepted = state.withLock { state in
      if state.closing { return false }
      state.inbox.add(audit)
      return true
    }
    if accepted { signal() } else { audit.completion?(.failure(.closed)) }
  }

  func request(_ request: Request) {
    let accepted = state.withLock { state in
      if state.closing { return false }
      state.requests.append(request)
      return true
    }
    if accepted { return signal() }
    switch request {
    case .restore(let completion): completion(.failure(.closed))
    case .flush(let completion): completion(.failure(.closed))
    }
  }

  func close(_ completion: (@Sendable () -> Void)?) {
    let closed = state.withLock { state in
      state.closing = true
      if !state.closed, let completion { state.closers.append(completion) }
      return state.closed
    }
    if closed { completion?() } else { signal() }
  }

  func signal() {
    let raise = state.withLock { state in
      defer { state.signalled = true }
      return !state.signalled
    }
    if raise { semaphore.signal() }
  }

  func wait(_ span: TimeSpan) {
    let nanoseconds = max(0, min(span.nanoseconds, 3_600_000_000_000))
    _ = semaphore.wait(timeout: .now() + .nanoseconds(Int(nanoseconds)))
  }

  /// An audit record or a request waits: long work makes way.
  var isUrgent: Bool {
    state.withLock { !$0.inbox.audits.isEmpty || !$0.requests.isEmpty || $0.closing }
  }
}
