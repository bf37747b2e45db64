import Control

/// What must have come true some time after the faults have stopped.
extension World {
  func checkLiveness() {
    for device in devices.indices where result.violation == nil {
      let interval = devices[device].spec.pollInterval
      let silence = TimeSpan(nanoseconds: now - max(devices[device].ledger.lastGoodRead, 0))
      if silence > interval * 2 + .seconds(5) {
        violation("starved", device, "not read for \(silence.brief), interval \(interval.brief)")
      }
      if !devices[device].ledger.syncs.isEmpty { violation("sync", device, "a request never finished") }
      if let machine = devices[device].machine {
        let counted = machine.counters(at: moment).driftEvents
        let told = devices[device].ledger.restoredEvents + devices[device].ledger.events
        if counted != told { violation("event", device, "\(counted) events counted, \(told) told") }
      }
      for index in devices[device].registers.indices { checkConverged(index, device) }
    }
  }

  private func checkConverged(_ index: Int, _ device: Int) {
    let register = devices[device].registers[index]
    let words = devices[device].plc.words(of: register)
    guard let desired = devices[device].desired[index], !register.isInSync(words, desired: desired) else {
      return
    }
    guard excuse(index, device, desired) == nil else { return }
    let refusals = devices[device].machine?.view(at: moment).registers[index].refusals.map(\.reason) ?? []
    violation(
      "diverged", device,
      "\(register.name): \(register.number(words)) and not \(desired) after the calm; refusals: \(refusals)")
  }

  /// Why a register may still differ.
  private func excuse(_ index: Int, _ device: Int, _ desired: Double) -> String? {
    let register = devices[device].registers[index]
    let spec = devices[device].spec
    if !spec.autoCorrect { return "autoCorrect is off" }
    if gates.mode != .control { return "observing" }
    if !spec.correction.windows.isEmpty { return "windows" }
    let actual = register.number(devices[device].plc.words(of: register))
    if register.hasEnvelope, !register.isLogical {
      if desired < register.minimum || desired > register.maximum { return "desired outside the envelope" }
      if let maxStep = register.maxStep,
        actual < register.minimum - maxStep || actual > register.maximum + maxStep
      {
        return "too far outside the envelope for one step"
      }
    }
    if register.maxStep != nil, !actual.isFinite { return "no step leads from there" }
    // One that has only just become possible comes with the next poll.
    let hour = 3_600_000_000_000 + 2 * spec.pollInterval.nanoseconds
    let recent = devices[device].ledger.registers[index].attempts.count { now - $0 < hour }
    if recent >= spec.correction.maxWritesPerHour { return "budget" }
    let attempts = devices[device].ledger.registers[index].attempts.count
    if let endurance = spec.correction.writeEndurance, attempts >= endurance { return "worn out" }
    // Writes counted by an earlier process whose clock was set since count as just made.
    if incarnation > 1, forwardJumpAt != .min || clockWentBack { return "budget after a restart" }
    return nil
  }
}
