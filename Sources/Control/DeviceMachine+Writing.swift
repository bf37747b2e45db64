extension DeviceMachine {
  mutating func acknowledged(_ order: WriteOrder, _ now: Moment, _ actions: inout [Action]) {
    guard case .writing(let kept) = activity, kept.order.sequence == order.sequence else { return }
    activity = .verifying(kept, acknowledgedAt: now.instant)
    askedAt = now.instant
    actions.append(.verify(kept.order))
  }

  /// The write ended without reaching the register, as far as is known for certain.
  mutating func writeEnded(
    _ order: WriteOrder, _ outcome: WriteOutcome, _ now: Moment, _ actions: inout [Action]
  ) {
    guard case .writing(let kept) = activity, kept.order.sequence == order.sequence else { return }
    activity = .idle
    conclude(kept.order, outcome, now, &actions)
    advance(now, &actions)
  }

  /// The frame may or may not have arrived: never again this order; drop the connection, read, decide anew.
  mutating func writeUncertain(
    _ order: WriteOrder, _ problem: WireProblem, _ now: Moment, _ actions: inout [Action]
  ) {
    guard case .writing(let kept) = activity, kept.order.sequence == order.sequence else { return }
    fail(problem, now, &actions)
  }

  mutating func verifyFailed(
    _ order: WriteOrder, _ problem: WireProblem, _ now: Moment, _ actions: inout [Action]
  ) {
    guard case .verifying(let kept, _) = activity, kept.order.sequence == order.sequence else { return }
    fail(problem, now, &actions)
  }

  mutating func readBack(
    _ order: WriteOrder, _ reading: RegisterReading, _ now: Moment, _ actions: inout [Action]
  ) {
    guard case .verifying(let kept, let acknowledgedAt) = activity, kept.order.sequence == order.sequence
    else {
      return
    }
    activity = .idle
    switch reading {
    case .refused(let exception):
      let problem = WireProblem(.local, "the read-back was refused (exception \(exceptionText(exception)))")
      conclude(kept.order, .unverified(problem), now, &actions)
    case .words(let read):
      compare(kept, read, acknowledgedAt: acknowledgedAt, now, &actions)
    }
    advance(now, &actions)
  }

  private mutating func compare(
    _ kept: KeptOrder, _ read: [UInt16], acknowledgedAt: Instant, _ now: Moment, _ actions: inout [Action]
  ) {
    let order = kept.order
    guard read.count == order.words.count, let actual = RegisterCodec.decode(read, as: order.spec) else {
      let problem = WireProblem(.local, "the read-back holds \(read.count) words")
      return conclude(order, .unverified(problem), now, &actions)
    }
    takeOver(read, at: order.spec)
    guard order.isFulfilled(by: read, actual) else {
      return conclude(order, .ignored(actual: actual), now, &actions)
    }
    publish(.writeFinished(order, .verified), &actions)
    guard let index = currentIndex(of: order), let configuration else { return }
    let spec = configuration.spec.registers[index]
    let interval = min(configuration.spec.pollInterval, .seconds(1))
    let reached = registers[index].isInSync
    registers[index].remember {
      $0.lastOutcome = .verified
      $0.failures = 0
      $0.retryAt = Instant(nanoseconds: .min)
      $0.watch = WritePast.Watch(order: kept, acknowledgedAt: acknowledgedAt, seenAt: now.instant)
      $0.nextStepAt = reached ? nil : now.instant + interval
    }
    if let next = registers[index].past.first?.nextStepAt { readSoon(next) }
    if reached, spec.desired != nil, registers[index].isDrifted {
      markCorrected(index, order, actual, now, &actions)
    }
    noteSyncProgress(index, actual, reached: reached, now, &actions)
  }

  /// The order has its outcome and did not take.
  private mutating func conclude(
    _ order: WriteOrder, _ outcome: WriteOutcome, _ now: Moment, _ actions: inout [Action]
  ) {
    publish(.writeFinished(order, outcome), &actions)
    guard let index = currentIndex(of: order) else { return }
    registers[index].remember {
      $0.lastOutcome = outcome
      switch outcome {
      case .ignored, .refusedByDevice, .uncertain, .unverified:
        $0.failures = min($0.failures + 1, 1000)
        $0.retryAt = now.instant + Backoff.write(failures: $0.failures)
      case .notSent:
        // The frame never left: it wears nothing.
        if !$0.writes.isEmpty { $0.writes.removeLast() }
        $0.tally.takeBack()
      case .verified, .heldAtNextPoll, .reverted: break
      }
    }
    settleSyncs(index, .failed(outcome.failureText(order.spec)), &actions, wroteOnly: true)
  }

  /// The connection went while the order was on its way.
  mutating func interrupt(
    _ kept: KeptOrder, _ outcome: WriteOutcome, _ now: Moment, _ actions: inout [Action]
  ) {
    if let index = currentIndex(of: kept.order) {
      registers[index].remember { $0.unresolved = kept }
      markSyncsLost(index)
    }
    conclude(kept.order, outcome, now, &actions)
  }

  /// Where the register of an order stands in the present specification, if it is still the same one.
  func currentIndex(of order: WriteOrder) -> Int? {
    guard let configuration else { return nil }
    let specs = configuration.spec.registers
    if specs.indices.contains(order.register), specs[order.register] == order.spec { return order.register }
    guard let index = configuration.index(of: order.spec.name), specs[index].readsLike(order.spec) else {
      return nil
    }
    return index
  }

  /// A read-back is as good as a read, also for other registers that share words with this one.
  private mutating func takeOver(_ read: [UInt16], at place: RegisterSpec) {
    guard let configuration else { return }
    let start = Int(place.address)
    for (index, spec) in configuration.spec.registers.enumerated() where spec.table == place.table {
      let range = configuration.layout.range(of: index)
      let from = max(start, Int(spec.address))
      let to = min(start + read.count, Int(spec.address) + range.count)
      guard from < to, registers[index].isReadable else { continue }
      for address in from..<to {
        words[range.lowerBound + address - Int(spec.address)] = read[address - start]
      }
      if RegisterCodec.isInSync(words, at: range.lowerBound, as: spec) == true {
        registers[index].flags.insert(.inSync)
      } else {
        registers[index].flags.remove(.inSync)
      }
    }
  }
}

extension WriteOrder {
  /// Whether what was read back is what was written: the same words (the same bit, for a bit of a word), or
  /// the value within its tolerance and no longer the old one (a device may round).
  func isFulfilled(by read: [UInt16], _ actual: RegisterValue) -> Bool {
    if read == words || actual == value { return true }
    return actual != before && RegisterCodec.matches(actual, value, tolerance: spec.tolerance, as: spec)
  }
}

extension WriteOutcome {
  func failureText(_ spec: RegisterSpec) -> String {
    switch self {
    case .verified, .heldAtNextPoll: "written"
    case .ignored(let actual): "acknowledged, but the device still holds \(actual.formattedWithUnit(spec))"
    case .reverted(let actual, let after):
      "put back to \(actual.formattedWithUnit(spec)) after \(after.brief)"
    case .refusedByDevice(let exception):
      "the device refused the write (exception \(exceptionText(exception)))"
    case .uncertain(let problem): "not answered (\(problem.detail)); the device may or may not have it"
    case .notSent(let reason): "not sent: \(reason)"
    case .unverified(let problem): "acknowledged, but not read back (\(problem.detail))"
    }
  }
}
