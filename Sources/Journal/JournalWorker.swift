import Control
import GRDB

/// The journal's thread: takes what waits, writes it, keeps house, and tries again after a failure.
final class JournalWorker {
  private let location: JournalLocation
  private let session: JournalSession
  private let options: JournalOptions
  private let shared: JournalShared
  private let onHealth: (JournalHealth) -> Void

  private(set) var store: JournalStore?
  private(set) var backlog: Backlog
  private var runs: SampleRuns
  private var names: [SeriesName] = []
  private var health = JournalHealth(problem: .notOpenYet)
  /// The session to go on with when the same file is opened again.
  private var resumable: JournalStore.Resumption?

  private var retryAt = Instant(nanoseconds: .min)
  private var nextFlush = Instant(nanoseconds: .min)
  private var nextBeat = Instant(nanoseconds: .min)
  private var nextUpkeep = Instant(nanoseconds: .min)
  private var nextAnchor = Instant(nanoseconds: .min)
  private var anchored: AuditHead?
  private var clockGuard = ClockGuard()
  /// Upkeep has more to do.
  private var upkeepWaits = false

  static let auditsPerTransaction = 500
  static let runsPerTransaction = 5_000
  static let upkeepStepsPerTurn = 8

  init(
    _ location: JournalLocation, _ session: JournalSession, _ options: JournalOptions,
    _ shared: JournalShared,
    _ onHealth: @escaping (JournalHealth) -> Void
  ) {
    self.location = location
    self.session = session
    self.options = options
    self.shared = shared
    self.onHealth = onHealth
    backlog = Backlog(options)
    runs = SampleRuns(span: options.runSpan)
  }

  func run(_ clock: () -> Moment) {
    while !turn(clock()) { shared.wait(untilNext(clock().instant)) }
  }

  /// One round; `true`: closed.
  func turn(_ now: Moment) -> Bool {
    let (inbox, requests, closing) = shared.state.withLock { state in
      state.signalled = false
      if names.count != state.names.count { names = state.names }
      let requests = state.requests
      state.requests = []
      return (state.inbox.take(), requests, state.closing)
    }
    backlog.absorb(inbox)
    backlog.runs.append(contentsOf: runs.absorb(inbox.samples))
    backlog.audits.append(contentsOf: inbox.audits)
    for audit in inbox.refused { audit.completion?(.failure(.overloaded(waiting: options.maxWaitingAudits))) }

    openIfDue(now)
    writeAudits(now)
    let wanted = closing || requests.contains { if case .flush = $0 { true } else { false } }
    // Counters that no audit record took along are not kept waiting.
    if wanted || now.instant >= nextFlush || !backlog.counters.isEmpty
      || backlog.runs.count >= Self.runsPerTransaction
    {
      flush(now, all: wanted)
    }
    beatIfDue(now)
    answer(requests, now)
    if !closing { keepHouse(now) }
    anchorIfDue(now, closing: closing)
    publish()
    if closing { finish(now) }
    return closing
  }

  private func untilNext(_ now: Instant) -> TimeSpan {
    if upkeepWaits { return .milliseconds(5) }
    let next = health.problem == nil ? nextFlush : min(nextFlush, retryAt)
    return max(.milliseconds(1), next - now)
  }

  // MARK: Opening and failing

  private func openIfDue(_ now: Moment) {
    guard store == nil, now.instant >= retryAt else { return }
    do throws(JournalProblem) {
      let opened = try JournalStore(location, session: session, resuming: resumable, now: now.wall)
      store = opened
      resumable = opened.resumption
      health.journal = opened.resumption.journal
      health.problem = nil
      health.head = try? opened.head()
      notice(opened.notice)
    } catch {
      fail(error, now)
    }
  }

  private func fail(_ problem: JournalProblem, _ now: Moment) {
    health.problem = problem
    retryAt = now.instant + options.retryEvery
    switch problem {
    // The connection is as good as before; anything else may have to do with the file itself.
    case .diskFull, .readOnly: break
    default: store = nil
    }
    let hopeless = backlog.audits.filter(\.failsFast)
    backlog.audits.removeAll(where: \.failsFast)
    for audit in hopeless { audit.completion?(.failure(problem)) }
    let excess = backlog.audits.count - options.maxWaitingAudits
    if excess > 0 {
      for audit in backlog.audits.suffix(excess) { audit.completion?(.failure(problem)) }
      backlog.audits.removeLast(excess)
      notice("\(excess) audit records were lost: \(problem)")
    }
  }

  /// The store, when it works or it is time to try again.
  private func usable(_ now: Moment) -> JournalStore? {
    health.problem == nil || now.instant >= retryAt ? store : nil
  }

  private func notice(_ text: String?) {
    guard let text, !health.notices.contains(text) else { return }
    health.notices.append(text)
    if health.notices.count > 10 { health.notices.removeFirst() }
  }

  // MARK: Writing

  private func writeAudits(_ now: Moment) {
    guard !backlog.audits.isEmpty else { return }
    guard let store = usable(now) else {
      if let problem = health.problem { failFast(problem) }
      return
    }
    while !backlog.audits.isEmpty {
      let group = Array(backlog.audits.prefix(Self.auditsPerTransaction))
      do throws(JournalProblem) {
        let head = try store.append(group, counters: backlog.counters)
        backlog.audits.removeFirst(group.count)
        backlog.counters = [:]
        recovered(head)
        for audit in group { audit.completion?(.success(head)) }
      } catch {
        return fail(error, now)
      }
    }
  }

  private func failFast(_ problem: JournalProblem) {
    let hopeless = backlog.audits.filter(\.failsFast)
    backlog.audits.removeAll(where: \.failsFast)
    for audit in hopeless { audit.completion?(.failure(problem)) }
  }

  private func recovered(_ head: AuditHead? = nil) {
    health.problem = nil
    if let head { health.head = head }
  }

  private func flush(_ now: Moment, all: Bool) {
    nextFlush = now.instant + options.flushEvery
    let limit = all ? Int64.max : (now.wall + options.runSpan * -1).milliseconds
    backlog.runs.append(contentsOf: runs.end(startedBy: limit, now: now.wall.milliseconds))
    backlog.trim()
    guard backlog.hasBulk, let store = usable(now) else { return }
    repeat {
      let chunk = backlog.runs.prefix(Self.runsPerTransaction)
      do throws(JournalProblem) {
        try store.write(
          runs: chunk, events: backlog.events, states: backlog.states, counters: backlog.counters,
          names: names,
          now: now.wall)
        backlog.runs.removeFirst(chunk.count)
        backlog.events = []
        backlog.states = []
        backlog.counters = [:]
        nextBeat = now.instant + .seconds(10)
        recovered()
      } catch {
        return fail(error, now)
      }
      if !all, shared.isUrgent { break }
    } while backlog.hasBulk
  }

  private func beatIfDue(_ now: Moment) {
    guard now.instant >= nextBeat || (health.problem != nil && now.instant >= retryAt),
      let store = usable(now)
    else { return }
    do throws(JournalProblem) {
      try store.beat(now.wall)
      nextBeat = now.instant + .seconds(10)
      recovered()
    } catch {
      fail(error, now)
    }
  }

  private func answer(_ requests: [JournalShared.Request], _ now: Moment) {
    for request in requests {
      switch request {
      case .flush(let completion):
        completion(health.problem.map { .failure($0) } ?? .success(()))
      case .restore(let completion):
        guard let store, health.problem == nil else {
          completion(.failure(health.problem ?? .notOpenYet))
          continue
        }
        do throws(JournalProblem) {
          completion(.success(try store.restore(now: now.wall)))
        } catch {
          fail(error, now)
          completion(.failure(error))
        }
      }
    }
  }

  // MARK: Upkeep

  private func keepHouse(_ now: Moment) {
    guard health.problem == nil, let store, upkeepWaits || now.instant >= nextUpkeep else { return }
    nextUpkeep = now.instant + .seconds(20)
    let mayDelete = clockGuard.mayDelete(now)
    do throws(JournalProblem) {
      for _ in 0..<Self.upkeepStepsPerTurn {
        upkeepWaits = try store.keepHouse(now.wall, options, mayDelete: mayDelete, notice: notice)
        if !upkeepWaits || shared.isUrgent { break }
      }
    } catch {
      upkeepWaits = false
      fail(error, now)
    }
  }

  private func anchorIfDue(_ now: Moment, closing: Bool) {
    guard let head = health.head, head != anchored, closing || now.instant >= nextAnchor else { return }
    nextAnchor = now.instant + .seconds(1)
    do throws(JournalProblem) {
      try AuditAnchor(path: location.anchor).write(head)
      anchored = head
    } catch {
      if health.problem == nil { notice("\(error)") }
    }
  }

  private func publish() {
    health.droppedSamples = backlog.droppedSamples
    health.droppedEvents = backlog.droppedEvents
    let changed = shared.state.withLock { state in
      var before = state.health
      state.health = health
      before.head = health.head
      return before != health
    }
    if changed { onHealth(health) }
  }

  private func finish(_ now: Moment) {
    if let store = usable(now) {
      do throws(JournalProblem) {
        try store.beat(now.wall, ending: session)
        health.head = try store.head()
        anchorIfDue(now, closing: true)
      } catch {
        fail(error, now)
      }
      store.close()
    }
    store = nil
    for audit in backlog.audits { audit.completion?(.failure(health.problem ?? .closed)) }
    backlog.audits = []
    health.problem = .closed
    let closers = shared.state.withLock { state in
      state.closed = true
      state.health = health
      defer { state.closers = [] }
      return state.closers
    }
    for closer in closers { closer() }
  }
}
