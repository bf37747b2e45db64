import NIOCore

extension ClientConnectionMachine {
  // MARK: What the edge reports

  /// The connection that was dialled is there.
  public mutating func connected(at now: Int64) {
    guard case .dialling = state else { return }
    let wasAwaited = isAwaited
    isAwaited = false
    isReportedUp = true
    if wasAwaited || !options.perRequest { actions.append(.notify(.connected)) }
    rest(options.pauseAfterConnect, at: now)
    closeWhenIdle(at: now)
  }

  /// The connection that was dialled could not be made.
  public mutating func connectFailed(_ failure: WireFailure) {
    guard case .dialling = state else { return }
    state = .disconnected
    isAwaited = false
    isReportedUp = false
    failWaiting(.connectionLost(failure))
    actions.append(.notify(.failed(failure)))
  }

  /// A frame came.
  public mutating func received(_ frame: ModbusFrame, at now: Int64) {
    guard case .inFlight(let flight) = state else {
      if isConnected { strayAnswers &+= 1 }
      return
    }
    // Without transaction ids the unit is all that tells the late answer of another one.
    let isTheirs =
      hasTransactionIds ? frame.transactionId != flight.transactionId : frame.unitId != flight.pending.unitId
    guard !isTheirs else {
      strayAnswers &+= 1
      var flight = flight
      flight.strayAnswers &+= 1
      state = .inFlight(flight)
      return
    }
    guard frame.unitId == flight.pending.unitId else {
      broken(.unitMismatch(sent: flight.pending.unitId, received: frame.unitId), at: now)
      return
    }
    // This process was stopped, or starved, while the answer lay in the socket: it tells of a time that is too long ago
    // to show, or to decide a write on.
    let tooLate = flight.sentAt.addingClamped(flight.pending.timeout).addingClamped(Self.mostOversleep)
    guard now <= tooLate else {
      broken(.timedOut(strayAnswers: flight.strayAnswers), at: now)
      return
    }
    do throws(RequestFailure) {
      finish(flight, .success(try ModbusResponse.answer(frame.pdu, to: flight.pending.request)), at: now)
    } catch {
      if case .wire(let failure) = error {
        broken(failure, at: now)
      } else {
        finish(flight, .failure(error), at: now)
      }
    }
  }

  /// The connection ended, or what came over it cannot be Modbus.
  public mutating func broken(_ failure: WireFailure, at now: Int64) {
    guard isConnected else {
      connectFailed(failure)
      return
    }
    let wasIdle = if case .inFlight = state { false } else { true }
    let inFlight = leave()
    if let inFlight { complete(inFlight, .failure(.wire(failure))) }
    let culprit = inFlight?.pending.unitId
    for pending in waiting.removeAll(where: { $0.request.isWrite || $0.unitId == culprit }) {
      actions.append(.complete(pending.token, .failure(.notSent(.connectionLost(failure)))))
    }
    // Only where a request was in flight: each attempt then uses one up, so a device that closes right after
    // connecting is not dialled for ever.
    let reconnecting = !waiting.isEmpty && !wasIdle
    if !reconnecting { failWaiting(.connectionLost(failure)) }
    if !options.perRequest || isReportedUp && !wasIdle {
      actions.append(
        .notify(.closed(failure, unit: culprit, reconnecting: reconnecting)))
      isReportedUp = false
    }
    if reconnecting { dial() }
  }

  /// The time of the last `wake` has come.
  public mutating func timerFired(at now: Int64) {
    wakeAt = .max
    switch state {
    case .disconnected, .dialling: break
    case .pausing(let until):
      if now >= until {
        becomeReady(at: now)
        closeWhenIdle(at: now)
      } else {
        wake(at: until)
      }
    case .ready:
      if options.perRequest { hangUp() }
    case .inFlight(let flight):
      if let another = flight.anotherLook(at: now) {
        state = .inFlight(another)
        wake(at: another.deadline)
      } else if now >= flight.deadline {
        patience.wasSilent(flight.pending.unitId)
        broken(.timedOut(strayAnswers: flight.strayAnswers), at: now)
      } else {
        wake(at: flight.deadline)
      }
    }
  }
}

extension ClientConnectionMachine {
  // MARK: Steps

  mutating func dial() {
    state = .dialling
    actions.append(.dial)
  }

  mutating func hangUp() {
    state = .disconnected
    actions.append(.hangUp)
  }

  /// Drops the connection or the attempt; returns the request that was in flight.
  mutating func leave() -> InFlight? {
    let inFlight: InFlight? = if case .inFlight(let flight) = state { flight } else { nil }
    if case .disconnected = state {} else { hangUp() }
    return inFlight
  }

  mutating func send(_ pending: Pending, at now: Int64) {
    lastTransactionId &+= 1
    // Without transaction ids a late answer is told by little: there nothing is given up early.
    let allowance =
      hasTransactionIds
      ? patience.allowance(pending.timeout, unitId: pending.unitId, isWrite: pending.request.isWrite)
      : pending.timeout
    let deadline = now.addingClamped(pending.timeout)
    actions.append(
      .send(
        transactionId: hasTransactionIds ? lastTransactionId : 0, unitId: pending.unitId,
        request: pending.request))
    state = .inFlight(
      InFlight(
        pending: pending, transactionId: lastTransactionId, sentAt: now, deadline: deadline,
        yieldsAt: now.addingClamped(allowance)))
    yieldToOthers(at: now)
    wake(at: deadline)
  }

  /// Gives a request that is waited for as a favour no more time than that, if another unit's request waits.
  mutating func yieldToOthers(at now: Int64) {
    guard case .inFlight(var flight) = state, flight.yieldsAt < flight.deadline,
      waiting.holdsOthers(than: flight.pending.unitId)
    else { return }
    flight.deadline = max(now, flight.yieldsAt)
    state = .inFlight(flight)
    wake(at: flight.deadline)
  }

  /// The request in flight is over, and the connection is fine.
  mutating func finish(_ flight: InFlight, _ outcome: Outcome, at now: Int64) {
    patience.answered(flight.pending.unitId, after: now &- flight.sentAt)
    complete(flight, outcome)
    if options.perRequest {
      hangUp()
      if !waiting.isEmpty { dial() }
    } else {
      rest(options.pauseBetweenRequests, at: now)
    }
  }

  mutating func complete(_ flight: InFlight, _ outcome: Outcome) {
    guard !flight.isAbandoned else { return }
    actions.append(.complete(flight.pending.token, outcome))
  }

  mutating func rest(_ pause: Duration, at now: Int64) {
    guard pause > .zero else {
      becomeReady(at: now)
      return
    }
    let until = now.addingClamped(pause.clampedNanoseconds)
    state = .pausing(until: until)
    wake(at: until)
  }

  mutating func becomeReady(at now: Int64) {
    state = .ready
    if let pending = waiting.popFirst() { send(pending, at: now) }
  }

  /// In `perRequest` mode a connection that nobody uses is given up soon.
  mutating func closeWhenIdle(at now: Int64) {
    guard options.perRequest, case .ready = state else { return }
    wake(at: now.addingClamped(1_000_000_000))
  }

  mutating func failWaiting(_ reason: NotSent) {
    for pending in waiting.removeAll(where: { _ in true }) {
      actions.append(.complete(pending.token, .failure(.notSent(reason))))
    }
  }

  /// One timer serves the connection. It is only moved when it would ring too late; one that rings early finds
  /// out and is set again, so that the steady path sets none.
  mutating func wake(at time: Int64) {
    guard time < wakeAt else { return }
    wakeAt = time
    actions.append(.wake(at: time))
  }
}
