import Control

/// What happens to the plant, by chance.
extension World {
  func incident() {
    guard !isCalm else { return }
    schedule(.incident, in: .milliseconds(random.number(1...(swarm.pace * 2000))))
    let device = random.number(0...(devices.count - 1))
    let kind = swarm.draw(&random)
    note("incident: \(kind) at \(devices[device].id.name)")
    switch kind {
    case .drift: drift(device)
    case .commit: commit(device)
    case .sync, .shelve, .unshelve, .suspend, .resume, .refresh, .retry: command(kind, device)
    case .hold: changeGates { $0.hold = Hold(by: "sim", since: WallTime(milliseconds: 0), reason: "") }
    case .release: changeGates { $0.hold = nil }
    case .loseLead: loseLead()
    case .trust: changeGates { $0.trustProblem = $0.trustProblem == nil ? "unsigned" : nil }
    case .journal: changeGates { $0.journalProblem = $0.journalProblem == nil ? "disk full" : nil }
    case .reboot:
      if let fresh = devices[device].powerOn { devices[device].plc = fresh }
      devices[device].refusesUntil = now + Int64(random.number(2...30)) * 1_000_000_000
      cut(device)
    case .cut: cut(device)
    case .refuse:
      devices[device].refusesUntil = now + Int64(random.number(1...120)) * 1_000_000_000
      cut(device)
    case .hang: devices[device].hangsUntil = now + Int64(random.number(1...120)) * 1_000_000_000
    case .rival: rival(device)
    case .permit: devices[device].plc.coils[1] ^= 1
    case .clock: setClock()
    case .crash: crash()
    case .identity:
      devices[device].plc.identity = devices[device].plc.identity == "ACME" ? "Other" : "ACME"
      if random.chance(0.3) { devices[device].plc.hasIdentity.toggle() }
    }
  }

  private func cut(_ device: Int) {
    schedule(.broken(device: device, attempt: devices[device].attempt), in: .milliseconds(1))
  }

  func drift(_ device: Int) {
    let index = random.number(0...(devices[device].registers.count - 1))
    let register = devices[device].registers[index]
    var value = Double(random.number(0...200))
    if register.isLogical { value = random.chance(0.5) ? 1 : 0 }
    if random.chance(0.6), let desired = devices[device].desired[index] { value = desired + value / 20 }
    if random.chance(0.02) { value = .nan }
    let old = devices[device].plc.words(of: register)
    let isFloat = register.kind == .float || register.kind == .floatSwapped
    let words = register.words(value.isNaN && !isFloat ? 0 : value, over: old)
    devices[device].plc.set(register, words: words)
    note("\(devices[device].id.name) \(register.name) drifts to \(words)")
  }

  private func rival(_ device: Int) {
    let index = random.number(0...(devices[device].registers.count - 1))
    guard devices[device].rivals[index] == nil else {
      devices[device].rivals[index] = nil
      return
    }
    let delay = random.chance(0.7) ? random.number(100...5000) : random.number(5000...90_000)
    devices[device].rivals[index] = Int64(delay) * 1_000_000
  }

  private func setClock() {
    let jumps: [Int64] = [3600, -3600, 60, -60, 315_576_000, -315_576_000, 86_400]
    var jump = jumps[random.number(0...(jumps.count - 1))]
    if random.chance(0.2) {
      jump = (beforeChangeOfClocks(random.number(0...3900)) - moment.wall.milliseconds) / 1000
    }
    wallAtZero += jump * 1000
    if jump > 0 { forwardJumpAt = now } else { clockWentBack = true }
    note("the clock is set by \(jump) s")
  }

  /// A civil time so many seconds before summer time begins or ends, milliseconds.
  func beforeChangeOfClocks(_ seconds: Int) -> Int64 {
    let (begins, ends) = BerlinTime.changes(of: Int64(random.number(2026...2036)))
    return ((random.chance(0.5) ? begins : ends) - Int64(seconds)) * 1000
  }

  // MARK: Gates

  func changeGates(_ change: (inout FleetGates) -> Void) {
    change(&gates)
    for device in devices.indices { feed(.gates(told(gates)), device) }
  }

  private func loseLead() {
    hasLostLead = true
    let end = Instant(nanoseconds: now + Int64(random.number(0...5000)) * 1_000_000)
    let keepsDeadline = random.chance(0.7)
    changeGates { $0.leadershipUntil = keepsDeadline ? end : nil }
    schedule(.leaseReturns, in: .seconds(random.number(5...120)))
  }

  func returnLease() {
    hasLostLead = false
    guard !swarm.leases else { return }
    changeGates { $0.leadershipUntil = Instant(nanoseconds: .max) }
  }

  func renewLease() {
    schedule(.renewLease, in: .seconds(10))
    guard !hasLostLead else { return }
    let end = Instant(nanoseconds: now + 15_000_000_000)
    changeGates { $0.leadershipUntil = end }
  }

  // MARK: The end of the faults

  func calm() {
    note("the faults stop")
    isCalm = true
    swarm.calm()
    hasLostLead = false
    let end = Instant(nanoseconds: swarm.leases ? now + 15_000_000_000 : .max)
    changeGates {
      $0.hold = nil
      $0.trustProblem = nil
      $0.journalProblem = nil
      $0.leadershipUntil = end
    }
    for device in devices.indices {
      devices[device].refusesUntil = .min
      devices[device].hangsUntil = .min
      devices[device].rivals = devices[device].rivals.map { _ in nil }
      devices[device].plc.coils[1] = 1
      (devices[device].plc.identity, devices[device].plc.hasIdentity) = ("ACME", true)
      drift(device)
      let before = devices[device].spec
      devices[device].spec.suspend = false
      applyCommit(device, before: before)
      obey(.resume(by: "sim"), device)
      for register in [nil] + devices[device].registers.map({ Optional($0.name) }) {
        obey(.unshelve(register: register, by: "sim"), device)
      }
      obey(.retryContested(by: "sim"), device)
    }
    schedule(.secondChance, in: .seconds(130))
  }
}
