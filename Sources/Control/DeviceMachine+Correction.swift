extension DeviceMachine {
  /// Considers the registers from the cursor on, until something is in flight or the cycle is over.
  mutating func advance(_ now: Moment, _ actions: inout [Action]) {
    while activity.isIdle, let cursor = cycle?.cursor, let configuration {
      guard cursor < configuration.spec.registers.count else { break }
      cycle?.cursor = cursor + 1
      consider(cursor, configuration, now, &actions)
    }
    if activity.isIdle { endCycle(now, &actions) }
  }

  /// One register of the cycle: nothing to do, a write, or the reasons why not.
  private mutating func consider(
    _ index: Int, _ configuration: Configuration, _ now: Moment, _ actions: inout [Action]
  ) {
    let state = registers[index]
    guard configuration.spec.registers[index].desired != nil else {
      return settleSyncs(index, .refused([.notWritable]), &actions)
    }
    guard state.isReadable else {
      let detail = "the device refuses to give the register (exception \(exceptionText(state.exception)))"
      return settleSyncs(index, .failed(detail), &actions)
    }
    noteBefore(index)
    if state.isInSync { return settleSyncsInSync(index, &actions) }
    failLostSyncs(index, &actions)
    let request = syncRequest(for: index)
    guard state.isDrifted || request != nil else { return }
    if let next = state.past.first?.nextStepAt, now.instant < next { return readSoon(next) }
    guard let cycle, now.instant - cycle.readAt <= configuration.freshFor else {
      // Too long ago to decide on: read again first.
      self.cycle = nil
      return readSoon(now.instant)
    }
    let cause = request.map(WriteCause.operator) ?? .automatic
    var question = self.question(index, cause, configuration, now)
    let mustIdentify = mustIdentify(configuration, now)
    if mustIdentify { question.identity = .answered(configuration.spec.identity) }
    switch WriteGate.decide(question, sequence: sequence &+ 1, at: now) {
    case .refused(let reasons):
      registers[index].revise { $0.nextStepAt = nil }
      if request == nil { noteRefusals(index, reasons, &actions) }
      settleSyncs(index, .refused(reasons), &actions)
    case .permitted where mustIdentify:
      self.cycle?.cursor = index
      activity = .identifying
      askedAt = now.instant
      actions.append(.readIdentity)
    case .permitted(let order):
      if request == nil { noteRefusals(index, [], &actions) }
      send(order, now, &actions)
    }
  }

  /// Asked once a connection, and of a device that is another one once a minute: somebody may put it right.
  private func mustIdentify(_ configuration: Configuration, _ now: Moment) -> Bool {
    guard configuration.spec.identity != nil else { return false }
    return identity == .notAsked || (!identityMatches && now.instant - identityAskedAt >= .seconds(60))
  }

  /// The gates' view of one register, read in this cycle.
  func question(
    _ index: Int, _ cause: WriteCause, _ configuration: Configuration, _ now: Moment
  ) -> WriteQuestion {
    let state = registers[index]
    let name = configuration.spec.registers[index].name
    var question = WriteQuestion(
      device: configuration.spec, register: index, cause: cause, gates: gates, freshness: .thisCycle,
      words: Array(words[configuration.layout.range(of: index)]))
    question.suspendedBy = suspension
    question.shelf = shelf(covering: name, at: now)
    question.permit = permit
    question.identity = identity
    question.fault = fault
    let limit = configuration.spec.correction.maxWritesPerHour
    question.budgetSpentUntil = state.past.first?.budgetSpentUntil(limit: limit, at: now)
    guard let past = state.past.first else { return question }
    question.written = past.tally.total
    question.uncertain = past.unresolved != nil
    if let contest = past.contest, now.instant < contest.retryAt {
      question.contest = WriteQuestion.Contest(
        reverts: contest.reverts, rivalDelay: past.rivalDelay,
        retryAt: now.wall + (contest.retryAt - now.instant))
    }
    if now.instant < past.retryAt {
      question.backingOff = (past.failures, now.wall + (past.retryAt - now.instant))
    }
    return question
  }

  private mutating func send(_ order: WriteOrder, _ now: Moment, _ actions: inout [Action]) {
    sequence = order.sequence
    registers[order.register].remember {
      $0.forgetOldWrites(before: now.instant)
      $0.writes.append(WritePast.Stamp(at: now.instant, wall: now.wall))
      $0.tally.add(at: now.instant)
      $0.watch = nil
      $0.nextStepAt = nil
    }
    activity = .writing(KeptOrder(order))
    askedAt = now.instant
    if phase == .connected { move(to: .driftDetected, now, &actions) }
    move(to: .correcting, now, &actions)
    actions.append(.write(order))
  }

  private mutating func noteRefusals(_ index: Int, _ reasons: [Refusal], _ actions: inout [Action]) {
    let kinds = reasons.reduce(into: UInt32(0)) { $0 |= 1 << $1.kind }
    guard kinds != registers[index].refusals else { return }
    registers[index].refusals = kinds
    publish(.writeRefused(register: index, reasons: reasons), &actions)
  }

  /// Nothing more to decide on this read.
  mutating func endCycle(_ now: Moment, _ actions: inout [Action]) {
    cycle = nil
    let drifted = registers.contains(where: \.isDrifted)
    let ramping = drifted && registers.contains { $0.past.first?.nextStepAt != nil }
    if phase == .correcting, !ramping { move(to: .connected, now, &actions) }
    if phase == .connected, drifted { move(to: .driftDetected, now, &actions) }
    if phase == .driftDetected, !drifted { move(to: .connected, now, &actions) }
    quiet = !drifted && syncs.isEmpty && registers.allSatisfy(\.isQuiet)
    if syncs.contains(where: { !$0.armed }) { readSoon(now.instant) }
    if let probe = nextProbe(now.instant) { readSoon(probe) }
    park(now, &actions)
  }

  /// After a cycle: skip polls that passed meanwhile, and with `perRequest` drop the connection until the
  /// next.
  mutating func park(_ now: Moment, _ actions: inout [Action]) {
    skipMissedPolls(now)
    guard let configuration, configuration.spec.connection == .perRequest, case .up = link else { return }
    let due = promptAt.map { min($0, nextPoll) } ?? nextPoll
    guard due > now.instant else { return }
    link = .parked
    actions.append(.disconnect)
  }
}

extension RegisterState {
  /// No verdict about it is pending: the same words tomorrow need no look.
  var isQuiet: Bool {
    guard flags.isDisjoint(with: [.unreadable, .unjudged, .drifted]), streak == 0, refusals == 0 else {
      return false
    }
    guard let past = past.first else { return true }
    return past.watch == nil && past.unresolved == nil && past.contest == nil
  }
}

extension WritePast {
  static let hour = TimeSpan.seconds(3600)

  mutating func forgetOldWrites(before now: Instant) {
    writes.removeAll { now - $0.at >= Self.hour }
  }

  /// When the next write fits into the budget; `nil`: now.
  func budgetSpentUntil(limit: Int, at now: Moment) -> WallTime? {
    guard limit > 0 else { return now.wall + Self.hour }
    let recent = writes.count { now.instant - $0.at < Self.hour }
    guard recent >= limit else { return nil }
    // The write that must be an hour old before the next one fits.
    let oldest = writes[writes.count - limit].at
    return now.wall + (oldest + Self.hour - now.instant)
  }

  func budgetLeft(limit: Int, at now: Instant) -> Int {
    max(0, limit - writes.count { now - $0.at < Self.hour })
  }
}

extension Refusal {
  /// A small number for each kind, so that a list of kinds fits into one word.
  var kind: UInt32 {
    switch self {
    case .notControlling: 0
    case .notLeading: 1
    case .held: 2
    case .suspended: 3
    case .shelved: 4
    case .autoCorrectOff: 5
    case .outsideWindow: 6
    case .outsideEnvelope: 7
    case .stepTooLarge: 8
    case .notWritable: 9
    case .staleObservation: 10
    case .permitWithheld: 11
    case .budgetSpent: 12
    case .contested: 13
    case .identityMismatch: 14
    case .untrustedSource: 15
    case .journalUnavailable: 16
    case .uncertain: 17
    case .backingOff: 18
    case .faulted: 19
    case .reported: 20
    case .wornOut: 21
    }
  }
}
