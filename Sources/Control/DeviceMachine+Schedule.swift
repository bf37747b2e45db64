extension DeviceMachine {
  /// After every input: what is due begins, and the next wake-up is asked for when it is earlier than the one
  /// already asked for (a spurious early one costs less than many changes).
  mutating func settle(_ now: Moment, _ actions: inout [Action]) {
    guard let configuration else { return }
    if !shelves.isEmpty { expireShelves(now, &actions) }
    if !syncs.isEmpty { expireSyncs(now, &actions) }
    let staleAt = (lastRead?.instant ?? since) + configuration.staleAfter
    if !stale, now.instant >= staleAt {
      stale = true
      publish(.stale(since: lastRead?.wall), &actions)
    }
    if isAwaitingDriver, now.instant - askedAt >= configuration.driverPatience {
      fail(WireProblem(.local, "no answer at all, not even a timeout"), now, &actions)
    }
    startDueWork(now, &actions)
    let wake = nextWake(now, staleAt: staleAt)
    guard wake < Instant(nanoseconds: .max) else { return }
    if let scheduled, scheduled <= wake { return }
    scheduled = wake
    actions.append(.schedule(wake))
  }

  private var isAwaitingDriver: Bool {
    if case .connecting = link { return true }
    return !activity.isIdle
  }

  private mutating func startDueWork(_ now: Moment, _ actions: inout [Action]) {
    switch link {
    case .waiting(let until) where now.instant >= until:
      link = .connecting
      askedAt = now.instant
      if phase == .pending || phase == .failed { move(to: .connecting, now, &actions) }
      actions.append(.connect)
    case .parked where now.instant >= due:
      link = .connecting
      askedAt = now.instant
      actions.append(.connect)
    case .up where activity.isIdle && cycle == nil && now.instant >= due:
      beginRead(now, &actions)
    default: break
    }
  }

  private var due: Instant { promptAt.map { min($0, nextPoll) } ?? nextPoll }

  private func nextWake(_ now: Moment, staleAt: Instant) -> Instant {
    var wake = Instant(nanoseconds: .max)
    switch link {
    case .waiting(let until): wake = until
    case .parked: wake = due
    case .up:
      // While something is in flight the next poll is a good time to look again, and no extra wake-up.
      if activity.isIdle && cycle == nil { wake = due } else if nextPoll > now.instant { wake = nextPoll }
    case .none, .connecting: break
    }
    if !stale { wake = min(wake, staleAt) }
    if isAwaitingDriver, let patience = configuration?.driverPatience { wake = min(wake, askedAt + patience) }
    for sync in syncs where sync.deadline > now.instant { wake = min(wake, sync.deadline) }
    for shelf in shelves { wake = min(wake, shelf.endsAt) }
    return wake
  }

  /// Reads as soon as the device is free.
  mutating func readSoon(_ time: Instant) {
    if let earlier = promptAt, earlier <= time { return }
    promptAt = time
  }

  /// An operator or a change waits for the device: connects now, whatever the back-off says.
  mutating func reachNow(_ now: Moment) {
    readSoon(now.instant)
    if case .waiting = link { link = .waiting(until: now.instant) }
  }

  private mutating func beginRead(_ now: Moment, _ actions: inout [Action]) {
    let counts = now.instant >= nextPoll || phase == .connecting
    skipMissedPolls(now)
    promptAt = nil
    activity = .reading(counts: counts)
    askedAt = now.instant
    actions.append(.read)
  }

  /// Returns whether a poll time had passed.
  @discardableResult
  mutating func skipMissedPolls(_ now: Moment) -> Bool {
    guard let configuration, now.instant >= nextPoll else { return false }
    nextPoll = configuration.grid.next(after: now.instant)
    return true
  }
}
