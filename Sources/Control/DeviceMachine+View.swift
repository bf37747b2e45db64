extension DeviceMachine {
  /// Everything that people and status want to know. Builds values anew: not for the poll path.
  public func view(at now: Moment) -> DeviceView {
    var view = DeviceView(
      phase: phase, driftEvents: driftEvents, corrections: corrections, lastRead: lastRead?.wall,
      lastTransition: lastTransition.ifEver, lastError: lastError?.detail, failures: failures, stale: stale,
      suspendedBy: suspension, shelf: deviceShelf(at: now),
      uncertain: registers.contains { $0.past.first?.unresolved != nil })
    if case .waiting(let until) = link, failures > 0 { view.retryAt = now.wall + (until - now.instant) }
    if let configuration {
      view.registers.reserveCapacity(registers.count)
      for index in registers.indices { view.registers.append(registerView(index, configuration, now)) }
    }
    view.status = status(at: now)
    view.message = message(of: view, now)
    return view
  }

  private func registerView(_ index: Int, _ configuration: Configuration, _ now: Moment) -> RegisterView {
    let state = registers[index]
    let spec = configuration.spec.registers[index]
    var view = RegisterView(
      spec: spec, driftAfter: state.driftAfter.ifEver, driftSeen: state.driftSeen.ifEver,
      lastCorrection: state.lastCorrection.ifEver, driftEvents: state.driftEvents,
      corrections: state.corrections)
    let known = state.flags.contains(.known)
    if known {
      view.actual = value(index)
      view.rawWords = Array(words[configuration.layout.range(of: index)])
      view.lastRead = state.isReadable ? lastRead?.wall : state.past.first?.lastGoodRead
      if spec.desired != nil { view.inSync = state.isInSync }
    }
    if state.flags.contains(.unreadable) { view.exception = state.exception }
    if spec.desired != nil, known, !state.isInSync {
      view.refusals = plannedRefusals(index, .automatic, configuration, now)
    }
    view.shelf = shelf(covering: spec.name, at: now)
    let limit = configuration.spec.correction.maxWritesPerHour
    view.budgetLeft = max(0, limit)
    if let past = state.past.first {
      view.lastOutcome = past.lastOutcome
      view.contested = past.contest != nil
      view.budgetLeft = past.budgetLeft(limit: limit, at: now.instant)
    }
    if let endurance = configuration.spec.correction.writeEndurance, spec.desired != nil {
      let tally = state.past.first?.tally ?? WriteTally()
      view.wear = WriteWear(
        written: tally.total, endurance: endurance, perDay: tally.perDay(at: now.instant))
    }
    return view
  }

  /// Why a register could not be written, supposing that it is read first.
  private func plannedRefusals(
    _ index: Int, _ cause: WriteCause, _ configuration: Configuration, _ now: Moment
  ) -> [Refusal] {
    var question = self.question(index, cause, configuration, now)
    let readable = phase != .failed && phase != .connecting && phase != .pending && !stale
    if !readable || !registers[index].isReadable {
      question.freshness = .earlier(age: lastRead.map { now.instant - $0.instant })
      // It will be known by the time of the decision.
      question.permit = configuration.spec.correction.permit?.equals
    }
    if identity == .notAsked { question.identity = .answered(configuration.spec.identity) }
    guard case .refused(let reasons) = WriteGate.decide(question, sequence: 0, at: now) else { return [] }
    return reasons
  }

  /// One register that a sync would deal with.
  public struct PlannedWrite: Hashable, Sendable {
    /// Index into the specification's registers, and the register.
    public var register: Int
    public var spec: RegisterSpec
    public var before: RegisterValue?
    /// The next write: the desired value, or the first step of a ramp.
    public var after: RegisterValue
    /// Empty: it would be written.
    public var refusals: [Refusal]
  }

  /// What an operator's sync would write now, on what was read last. Only registers that differ from what is
  /// desired or are not known.
  ///
  /// - Parameter names: of registers; empty for all with a desired value.
  public func plan(registers names: [String] = [], force: Bool, at now: Moment) -> [PlannedWrite] {
    guard let configuration else { return [] }
    let cause = WriteCause.operator(SyncRequest(id: 0, by: "", force: force, registers: names))
    var plan: [PlannedWrite] = []
    for (index, spec) in configuration.spec.registers.enumerated() {
      guard names.isEmpty || names.contains(spec.name), let desired = spec.desired else { continue }
      let state = registers[index]
      if state.isReadable && state.isInSync { continue }
      var step = PlannedWrite(
        register: index, spec: spec, before: state.flags.contains(.known) ? value(index) : nil,
        after: desired,
        refusals: plannedRefusals(index, cause, configuration, now))
      if state.flags.contains(.known) {
        let now = Array(words[configuration.layout.range(of: index)])
        if case .success(let next) = WriteStep.next(from: now, of: spec) { step.after = next.value }
      }
      plan.append(step)
    }
    return plan
  }

  /// Asked between the audit record and the frame: gates that have closed since the order was made. Not
  /// empty: do not send, and answer `writeNotSent`.
  public func objections(to order: WriteOrder, at now: Moment) -> [Refusal] {
    // A new specification or a lost connection ends the cycle, and with it the order.
    guard case .writing(let kept) = activity, kept.order.sequence == order.sequence, let cycle,
      let configuration, case .up = link
    else { return [.staleObservation(age: nil)] }
    var question = self.question(order.register, order.cause, configuration, now)
    // Its own budget entry and the words it was decided on must not count against it.
    question.budgetSpentUntil = nil
    question.written = question.written > 0 ? question.written - 1 : 0
    question.words = order.beforeWords
    if now.instant - cycle.readAt > configuration.freshFor {
      question.freshness = .earlier(age: now.instant - cycle.readAt)
    }
    guard case .refused(let reasons) = WriteGate.decide(question, sequence: order.sequence, at: now) else {
      return []
    }
    return reasons
  }
}
