import Control

/// What must be true of what a machine says.
extension World {
  /// A complete read is delivered: the oracle takes it down before the machine sees it.
  func observed(_ device: Int, _ observation: Observation) {
    var words: [[UInt16]?] = []
    var offset = 0
    for (index, register) in devices[device].registers.enumerated() {
      let slice = Array(observation.words[offset..<offset + register.words])
      offset += register.words
      let refused = observation.refused.contains { $0.register == index }
      words.append(refused ? nil : slice)
      if !refused { devices[device].ledger.registers[index].words = slice }
    }
    devices[device].ledger.lastGoodRead = now
    devices[device].ledger.cycle = Ledger.Cycle(
      number: devices[device].reader.cycle, attempt: devices[device].attempt,
      revision: devices[device].revision,
      at: now, words: words, permit: observation.permit)
  }

  /// After a read the machine's drifts are those that the oracle sees, no more and no fewer.
  func checkDriftTold(_ device: Int) {
    guard isAlive, result.violation == nil, let cycle = devices[device].ledger.cycle else { return }
    let confirm = devices[device].spec.correction.confirmReads
    for (index, register) in devices[device].registers.enumerated() {
      guard let words = cycle.words[index] else { continue }
      let told = devices[device].ledger.registers[index].drifted
      guard let desired = devices[device].desired[index] else {
        if told { violation("drift", device, "\(register.name): a drift of what is not desired") }
        continue
      }
      if register.isOnTheEdge(ArraySlice(words), desired: desired) { continue }
      let inSync = register.isInSync(ArraySlice(words), desired: desired)
      if inSync == told, told || confirm == 1 {
        violation(
          "drift", device, "\(register.name): \(words) is \(inSync ? "" : "not ")in sync with \(desired)")
      }
    }
  }

  func published(_ transition: Transition, _ device: Int) {
    note("\(devices[device].id.name) → \(describe(transition))")
    switch transition {
    case .driftDetected(let index, _, _, _, _): driftBegins(index, device)
    case .driftCleared(let index, _): driftEnds(index, device)
    case .corrected(let index, _, _):
      result.corrections += 1
      driftEnds(index, device)
    case .phase(let from, let to): phaseMoved(from, to, device)
    case .invariantViolated(let what): violation("invariant", device, what)
    case .contested(let index, _, _): devices[device].ledger.registers[index].contestedAt = now
    case .contestEnded(let index): devices[device].ledger.registers[index].contestedAt = nil
    case .unshelved(let register, _, true): shelfExpired(register, device)
    case .syncFinished(let request, let results):
      guard let place = devices[device].ledger.syncs.firstIndex(where: { $0.id == request.id }) else {
        return violation("sync", device, "request \(request.id) finished twice")
      }
      devices[device].ledger.syncs.remove(at: place)
      if results.isEmpty, devices[device].desired.contains(where: { $0 != nil }) {
        violation("sync", device, "request \(request.id) has no outcome")
      }
    case .released: released(device)
    default: break
    }
  }

  private func driftBegins(_ index: Int, _ device: Int) {
    let register = devices[device].registers[index]
    if devices[device].ledger.registers[index].drifted {
      violation("event", device, "\(register.name): a poll was counted as a drift event")
    }
    if let words = devices[device].ledger.registers[index].words,
      let desired = devices[device].desired[index],
      !register.isOnTheEdge(ArraySlice(words), desired: desired),
      register.isInSync(ArraySlice(words), desired: desired)
    {
      violation("event", device, "\(register.name): \(words) is no drift from \(desired)")
    }
    devices[device].ledger.registers[index].drifted = true
    devices[device].ledger.registers[index].events += 1
    devices[device].ledger.events += 1
    keepCounters(device)
  }

  private func driftEnds(_ index: Int, _ device: Int) {
    if !devices[device].ledger.registers[index].drifted {
      violation("event", device, "\(devices[device].registers[index].name): no drift to end")
    }
    devices[device].ledger.registers[index].drifted = false
    keepCounters(device)
  }

  private func phaseMoved(_ from: Phase, _ to: Phase, _ device: Int) {
    let allowed: [Phase: Set<Phase>] = [
      .pending: [.connecting], .connecting: [.connected, .failed], .connected: [.driftDetected, .failed],
      .driftDetected: [.correcting, .connected, .failed], .correcting: [.connected, .failed],
      .failed: [.connecting],
    ]
    if from != devices[device].ledger.phase || allowed[from]?.contains(to) != true {
      violation("phase", device, "\(devices[device].ledger.phase): \(from) → \(to)")
    }
    devices[device].ledger.phase = to
  }

  private func shelfExpired(_ register: String?, _ device: Int) {
    let standing = devices[device].ledger.shelves.filter { $0.shelf.register == register }
    if standing.contains(where: { now < $0.endsAt }) {
      violation("shelved", device, "a shelf ended too early")
    }
    devices[device].ledger.shelves.removeAll { $0.shelf.register == register }
  }

  private func released(_ device: Int) {
    devices[device].ledger.phase = .pending
    devices[device].ledger.cycle = nil
    devices[device].ledger.shelves = []
    devices[device].ledger.suspendedBy = nil
    for index in devices[device].registers.indices {
      devices[device].ledger.registers[index].drifted = false
      devices[device].ledger.registers[index].contestedAt = nil
    }
  }

  /// The planted bug: an event for each poll that sees a drift.
  func countPoll(_ device: Int) {
    for (index, register) in devices[device].ledger.registers.enumerated() where register.drifted {
      let value = RegisterValue.integer(0)
      actions.append(
        .publish(.driftDetected(register: index, desired: value, actual: value, since: nil, at: moment.wall)))
    }
  }
}
