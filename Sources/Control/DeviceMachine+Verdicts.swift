extension DeviceMachine {
  /// What the newest read says about earlier writes of a register.
  mutating func reviewPast(_ index: Int, _ now: Moment, _ actions: inout [Action]) {
    guard let actual = value(index), let spec = configuration?.spec.registers[index] else { return }
    if let kept = registers[index].past[0].unresolved {
      resolve(kept.order, index, actual, spec, now, &actions)
    }
    if let watch = registers[index].past[0].watch { review(watch, index, actual, spec, now, &actions) }
    if registers[index].past[0].contest != nil, registers[index].isInSync, cycle?.counts == true,
      registers[index].past[0].watch == nil
    {
      endContest(index, now, &actions)
    }
  }

  /// A write that nobody confirmed: the register has been read again, so now it is known.
  private mutating func resolve(
    _ order: WriteOrder, _ index: Int, _ actual: RegisterValue, _ spec: RegisterSpec, _ now: Moment,
    _ actions: inout [Action]
  ) {
    registers[index].revise { $0.unresolved = nil }
    guard actual != order.before,
      RegisterCodec.matches(actual, order.value, tolerance: spec.tolerance, as: spec)
    else { return }
    registers[index].revise { $0.lastOutcome = .verified }
    publish(.writeFinished(order, .verified), &actions)
    if registers[index].isInSync, registers[index].isDrifted {
      markCorrected(index, order, actual, now, &actions)
    }
  }

  /// Still there at the next poll, or put back?
  private mutating func review(
    _ watch: WritePast.Watch, _ index: Int, _ actual: RegisterValue, _ spec: RegisterSpec, _ now: Moment,
    _ actions: inout [Action]
  ) {
    let order = watch.order.order
    if RegisterCodec.matches(actual, order.value, tolerance: spec.tolerance, as: spec) {
      guard cycle?.counts == true, isNextPoll(after: watch.acknowledgedAt, now) else {
        return registers[index].revise { $0.watch?.seenAt = now.instant }
      }
      registers[index].revise {
        $0.watch = nil
        $0.lastOutcome = .heldAtNextPoll
      }
      publish(.writeFinished(order, .heldAtNextPoll), &actions)
    } else {
      let delay = watch.delay(seen: now.instant)
      registers[index].revise {
        $0.watch = nil
        $0.nextStepAt = nil
        $0.lastOutcome = .reverted(actual: actual, after: delay)
      }
      publish(.writeFinished(order, .reverted(actual: actual, after: delay)), &actions)
      countRevert(index, delay, now, &actions)
    }
  }

  /// A write that an extra read led to may be milliseconds old at the next poll of the grid: that it is still there
  /// then says nothing yet.
  private func isNextPoll(after written: Instant, _ now: Moment) -> Bool {
    guard let interval = configuration?.spec.pollInterval else { return true }
    return (now.instant - written) * 4 >= interval * 3
  }

  private mutating func countRevert(
    _ index: Int, _ delay: TimeSpan, _ now: Moment, _ actions: inout [Action]
  ) {
    guard let policy = configuration?.spec.correction else { return }
    var announced: Transition?
    registers[index].revise { past in
      past.rivalDelay = delay
      past.reverts.removeAll { now.instant - $0 > policy.contestedWithin }
      past.reverts.append(now.instant)
      let isTrial = past.contest != nil
      guard isTrial || past.reverts.count >= max(1, policy.contestedAfter) else { return }
      if !isTrial, let ended = past.contestEndedAt, now.instant - ended > .seconds(3600) {
        past.contestLevel = 0
      }
      let reverts = (past.contest?.reverts ?? 0) + (isTrial ? 1 : past.reverts.count)
      past.contest = WritePast.Contest(
        reverts: reverts, retryAt: now.instant + Backoff.contest(level: past.contestLevel))
      past.contestLevel = min(past.contestLevel + 1, 20)
      announced = .contested(register: index, reverts: reverts, rivalDelay: delay)
    }
    if let announced { publish(announced, &actions) }
  }

  mutating func endContest(_ index: Int, _ now: Moment, _ actions: inout [Action]) {
    registers[index].revise {
      $0.contest = nil
      $0.reverts = []
      $0.contestEndedAt = now.instant
    }
    publish(.contestEnded(register: index), &actions)
  }

  mutating func markCorrected(
    _ index: Int, _ order: WriteOrder, _ actual: RegisterValue, _ now: Moment, _ actions: inout [Action]
  ) {
    endDrift(index)
    registers[index].corrections &+= 1
    registers[index].lastCorrection = now.wall
    corrections &+= 1
    publish(.corrected(register: index, from: order.before, to: actual), &actions)
  }

  /// After a revert, the time to the next one is measured by extra reads: every 100 ms for a second, then
  /// every 250 ms up to three.
  func nextProbe(_ now: Instant) -> Instant? {
    var next: Instant?
    for state in registers where !state.past.isEmpty {
      guard let watch = state.past[0].watch else { continue }
      let past = state.past[0]
      guard past.contest != nil || !past.reverts.isEmpty else { continue }
      let elapsed = now - watch.acknowledgedAt
      guard elapsed < .seconds(3) else { continue }
      let probe = now + .milliseconds(elapsed < .seconds(1) ? 100 : 250)
      next = next.map { min($0, probe) } ?? probe
    }
    return next
  }
}

extension WritePast.Watch {
  /// How long after the write something put the old value back: the middle between the last read that still saw
  /// the new one and the first that did not, where extra reads make that narrow; else the whole time, an upper bound.
  func delay(seen now: Instant) -> TimeSpan {
    let gap = now - seenAt
    guard gap <= .milliseconds(300) else { return now - acknowledgedAt }
    return (seenAt - acknowledgedAt) + TimeSpan(nanoseconds: gap.nanoseconds / 2)
  }
}
