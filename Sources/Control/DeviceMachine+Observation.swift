extension DeviceMachine {
  /// A poll cycle's read is complete.
  mutating func absorb(_ observation: Observation, _ now: Moment, _ actions: inout [Action]) {
    guard case .reading(let counts) = activity, let configuration else { return }
    activity = .idle
    guard observation.words.count == configuration.layout.wordCount else {
      let got = "\(observation.words.count) words instead of \(configuration.layout.wordCount)"
      return fail(WireProblem(.local, "the answer holds \(got)"), now, &actions)
    }
    let previous = lastRead
    answered(now, &actions)
    let counted = skipMissedPolls(now) || counts
    permit = observation.permit
    if quiet, observation.refused.isEmpty, observation.words == words { return park(now, &actions) }
    cycle = Cycle(readAt: now.instant, counts: counted)
    for index in syncs.indices { syncs[index].armed = true }
    judge(observation, previous: previous?.wall, now, &actions)
    if phase == .connected, registers.contains(where: \.isDrifted) { move(to: .driftDetected, now, &actions) }
    advance(now, &actions)
  }

  /// Takes over the new words and judges every register that changed or awaits a verdict.
  private mutating func judge(
    _ observation: Observation, previous: WallTime?, _ now: Moment, _ actions: inout [Action]
  ) {
    guard let configuration else { return }
    let old = words
    words = observation.words
    for refusal in observation.refused where registers.indices.contains(refusal.register) {
      // The words of a refused register mean nothing: keep the last good ones.
      let range = configuration.layout.range(of: refusal.register)
      words.replaceSubrange(range, with: old[range])
      becameUnreadable(refusal, lastGood: previous, &actions)
    }
    for index in registers.indices {
      if !observation.refused.isEmpty, observation.refused.contains(where: { $0.register == index }) {
        continue
      }
      let range = configuration.layout.range(of: index)
      var flags = registers[index].flags
      if flags.contains(.unreadable) {
        flags.remove(.unreadable)
        registers[index].exception = 0
        publish(.registerReadable(register: index), &actions)
      }
      let wasInSync = flags.contains(.inSync)
      if !flags.contains(.known) || flags.contains(.unjudged) || old[range] != words[range] {
        let verdict = RegisterCodec.isInSync(
          words, at: range.lowerBound, as: configuration.spec.registers[index])
        if verdict == true { flags.insert(.inSync) } else { flags.remove(.inSync) }
        flags.insert(.known)
        flags.remove(.unjudged)
      }
      registers[index].flags = flags
      if !registers[index].past.isEmpty { reviewPast(index, now, &actions) }
      noteDrift(index, wasInSync: wasInSync, previous: previous, now, &actions)
    }
  }

  private mutating func becameUnreadable(
    _ refusal: Observation.RefusedRead, lastGood: WallTime?, _ actions: inout [Action]
  ) {
    let index = refusal.register
    let wasKnown = registers[index].isReadable
    let isNews =
      !registers[index].flags.contains(.unreadable) || registers[index].exception != refusal.exception
    registers[index].flags.insert(.unreadable)
    registers[index].exception = refusal.exception
    registers[index].streak = 0
    if wasKnown { registers[index].remember { $0.lastGoodRead = lastGood } }
    if isNews { publish(.registerUnreadable(register: index, exception: refusal.exception), &actions) }
  }

  /// Drift events are transitions: counted once, when a drift is confirmed.
  private mutating func noteDrift(
    _ index: Int, wasInSync: Bool, previous: WallTime?, _ now: Moment, _ actions: inout [Action]
  ) {
    guard let configuration, let actual = value(index) else { return }
    guard let desired = configuration.spec.registers[index].desired else {
      if registers[index].isDrifted { clearDrift(index, actual, &actions) }
      return
    }
    if registers[index].isInSync {
      registers[index].streak = 0
      registers[index].flags.remove(.desiredChanged)
      if registers[index].isDrifted { clearDrift(index, actual, &actions) }
      return
    }
    guard !registers[index].isDrifted else { return }
    if registers[index].streak == 0 {
      registers[index].driftAfter = wasInSync ? previous ?? .never : .never
      registers[index].driftSeen = now.wall
    }
    let needed = configuration.spec.correction.confirmReads
    let atOnce =
      needed <= 1 || registers[index].flags.contains(.desiredChanged)
      || syncs.contains { $0.openItem(index) != nil }
    if registers[index].streak == 0 || cycle?.counts == true {
      registers[index].streak = min(registers[index].streak, .max - 1) + 1
    }
    guard atOnce || Int(registers[index].streak) >= needed else { return }
    registers[index].flags.insert(.drifted)
    registers[index].flags.remove(.desiredChanged)
    registers[index].driftEvents &+= 1
    driftEvents &+= 1
    publish(
      .driftDetected(
        register: index, desired: desired, actual: actual, since: registers[index].driftAfter.ifEver,
        at: registers[index].driftSeen), &actions)
  }

  /// The drift is over without a verified write of ours.
  private mutating func clearDrift(_ index: Int, _ actual: RegisterValue, _ actions: inout [Action]) {
    endDrift(index)
    publish(.driftCleared(register: index, actual: actual), &actions)
  }

  mutating func endDrift(_ index: Int) {
    registers[index].flags.remove(.drifted)
    registers[index].streak = 0
    registers[index].driftAfter = .never
    registers[index].driftSeen = .never
    registers[index].refusals = 0
    registers[index].revise {
      $0.nextStepAt = nil
      $0.failures = 0
      $0.retryAt = Instant(nanoseconds: .min)
    }
  }
}
