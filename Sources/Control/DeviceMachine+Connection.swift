extension DeviceMachine {
  mutating func connected(_ now: Moment) {
    guard case .connecting = link else { return }
    link = .up
    activity = .idle
    cycle = nil
    identity = .notAsked
    identityTold = false
    promptAt = now.instant
  }

  /// The wire failed: drop the connection and wait. Whatever was in flight has its outcome now.
  mutating func fail(_ problem: WireProblem, _ now: Moment, _ actions: inout [Action]) {
    let wasUp = phase != .connecting && phase != .pending && phase != .failed
    let interrupted = activity
    activity = .idle
    cycle = nil
    switch interrupted {
    case .writing(let kept): interrupt(kept, .uncertain(problem), now, &actions)
    case .verifying(let kept, _): interrupt(kept, .unverified(problem), now, &actions)
    case .idle, .reading, .identifying: break
    }
    if case .up = link { actions.append(.disconnect) }
    failures = min(failures + 1, 1_000_000)
    lastError = problem
    promptAt = nil
    let wait = Backoff.connection(failures: failures, random: &random)
    link = .waiting(until: now.instant + wait)
    move(to: .failed, now, &actions)
    publish(
      wasUp ? .connectionLost(problem) : .connectFailed(problem, attempt: failures, retryIn: wait), &actions)
    failSyncs("unreachable: \(problem.detail)", exceptLost: true, &actions)
  }

  mutating func readFailed(_ problem: WireProblem, _ now: Moment, _ actions: inout [Action]) {
    switch activity {
    case .reading, .identifying: fail(problem, now, &actions)
    case .idle, .writing, .verifying: break
    }
  }

  /// Busy is no failure: the device is asked again a little later.
  mutating func readBusy(_ now: Moment, _ actions: inout [Action]) {
    guard let configuration else { return }
    switch activity {
    case .reading, .identifying: break
    case .idle, .writing, .verifying: return
    }
    activity = .idle
    skipMissedPolls(now)
    readSoon(now.instant + min(configuration.spec.pollInterval, .seconds(0.5 + 0.5 * random.unit())))
    endCycle(now, &actions)
  }

  mutating func identityAnswered(_ answer: DeviceIdentity?, _ now: Moment, _ actions: inout [Action]) {
    guard case .identifying = activity else { return }
    activity = .idle
    identity = .answered(answer)
    identityAskedAt = now.instant
    if let expected = configuration?.spec.identity, answer.map(expected.isMet(by:)) != true, !identityTold {
      identityTold = true
      publish(.identity(expected: expected, found: answer), &actions)
    }
    advance(now, &actions)
  }

  /// The device has answered: the first success of a connection resets the failures.
  mutating func answered(_ now: Moment, _ actions: inout [Action]) {
    lastRead = now
    if phase == .connecting {
      move(to: .connected, now, &actions)
      publish(.connected(afterFailures: failures), &actions)
      // What was seen before the connection was lost still stands until this read is judged.
      quiet = false
    }
    failures = 0
    lastError = nil
    if stale {
      stale = false
      publish(.fresh, &actions)
    }
  }

  // MARK: Specification

  mutating func adopt(_ spec: DeviceSpec, _ now: Moment, _ actions: inout [Action]) {
    guard let old = configuration else { return begin(spec, now, &actions) }
    guard old.spec != spec else { return }
    let new = Configuration(spec, pollSlots: pollSlots)
    let sameDevice = old.connectsLike(spec)
    if !sameDevice { dropForChange(now, &actions) }
    configuration = new
    carryOver(from: old, to: new, keepWords: sameDevice, &actions)
    carrySyncs(from: old, &actions)
    cycle = nil
    permit = nil
    quiet = false
    // What is being read is laid out as the old specification had it: a new read supersedes it.
    if case .reading = activity { activity = .idle }
    nextPoll = new.grid.next(after: now.instant)
    readSoon(now.instant)
    publish(.specChanged, &actions)
    if phase == .correcting, activity.isIdle { move(to: .connected, now, &actions) }
  }

  private mutating func begin(_ spec: DeviceSpec, _ now: Moment, _ actions: inout [Action]) {
    let new = Configuration(spec, pollSlots: pollSlots)
    configuration = new
    registers = Array(repeating: RegisterState(), count: spec.registers.count)
    words = Array(repeating: 0, count: new.layout.wordCount)
    applyRestored(now)
    nextPoll = new.grid.next(after: now.instant)
    since = now.instant
    // First connections are spread a little, so that a fleet does not connect in one burst.
    let spread = min(spec.pollInterval.nanoseconds, 250_000_000)
    link = .waiting(
      until: now.instant + TimeSpan(nanoseconds: Int64(random.next(below: UInt64(max(0, spread))))))
    publish(.specChanged, &actions)
  }

  /// Another address, port, unit or way to connect: nothing known of the old connection counts.
  private mutating func dropForChange(_ now: Moment, _ actions: inout [Action]) {
    let problem = WireProblem(.local, "the connection's settings changed")
    let interrupted = activity
    activity = .idle
    switch interrupted {
    case .writing(let kept): interrupt(kept, .uncertain(problem), now, &actions)
    case .verifying(let kept, _): interrupt(kept, .unverified(problem), now, &actions)
    case .idle, .reading, .identifying: break
    }
    switch link {
    case .up, .connecting: actions.append(.disconnect)
    case .none, .waiting, .parked: break
    }
    failures = 0
    lastError = nil
    lastRead = nil
    since = now.instant
    stale = false
    link = .waiting(until: now.instant)
    if phase != .pending, phase != .failed { move(to: .failed, now, &actions) }
  }

  /// Registers keep their past by name, and their words when these still mean the same.
  private mutating func carryOver(
    from old: Configuration, to new: Configuration, keepWords: Bool, _ actions: inout [Action]
  ) {
    let (oldWords, oldStates) = (words, registers)
    words = Array(repeating: 0, count: new.layout.wordCount)
    registers = []
    registers.reserveCapacity(new.spec.registers.count)
    for (index, register) in new.spec.registers.enumerated() {
      let atSamePlace = index < oldStates.count && old.spec.registers[index].name == register.name
      guard let from = atSamePlace ? index : old.index(of: register.name) else {
        registers.append(RegisterState())
        continue
      }
      var state = oldStates[from]
      let before = old.spec.registers[from]
      if before != register {
        state.flags.insert([.unjudged, .desiredChanged])
        state.streak = 0
        if state.past.first?.contest != nil { publish(.contestEnded(register: index), &actions) }
        state.revise { $0.forgetPlans(keepUnresolved: keepWords && register.readsLike(before)) }
      }
      if keepWords && register.readsLike(before) {
        words.replaceSubrange(new.layout.range(of: index), with: oldWords[old.layout.range(of: from)])
        let judged = RegisterCodec.isInSync(words, at: new.layout.range(of: index).lowerBound, as: register)
        if judged == true { state.flags.insert(.inSync) } else { state.flags.remove(.inSync) }
      } else {
        state.flags.subtract([.known, .inSync, .unreadable])
        state.revise { $0.forgetPlans(keepUnresolved: false) }
      }
      registers.append(state)
    }
  }

  /// The manifest is gone: forget the device without writing.
  mutating func release(_ now: Moment, _ actions: inout [Action]) {
    failSyncs("released: its manifest is gone", exceptLost: false, &actions)
    switch link {
    case .up, .connecting: actions.append(.disconnect)
    case .none, .waiting, .parked: break
    }
    publish(.released, &actions)
    let counters = self.counters(at: now)
    var fresh = DeviceMachine(id: id, seed: 0, pollSlots: pollSlots)
    fresh.random = random
    fresh.sequence = sequence
    fresh.gates = gates
    fresh.fault = fault
    fresh.driftEvents = counters.driftEvents
    fresh.corrections = counters.corrections
    // One that comes back is looked at afresh: its drift then is an event of its own.
    fresh.restored = counters.registers.map { register in
      var register = register
      (register.driftSeen, register.driftAfter) = (nil, nil)
      return register
    }
    for index in registers.indices {
      guard let writes = registers[index].past.first?.writes, !writes.isEmpty,
        let name = configuration?.spec.registers[index].name
      else { continue }
      fresh.keptWrites.append((name, writes))
    }
    self = fresh
  }
}

extension WritePast {
  /// The desired value is another: verdicts about the old one mean nothing. The budget and the memory of a
  /// rival stay.
  mutating func forgetPlans(keepUnresolved: Bool) {
    watch = nil
    nextStepAt = nil
    failures = 0
    retryAt = Instant(nanoseconds: .min)
    contest = nil
    if !keepUnresolved { unresolved = nil }
  }
}
