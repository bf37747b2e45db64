import Control
import Modbus

/// What must be true of every frame that changes a device. Judged by the simulator's own bookkeeping of the
/// plant, of the gates and of what was read, not by what the machine believes.
extension World {
  func checkFrame(_ request: ModbusRequest, _ device: Int) {
    let ledger = devices[device].ledger
    guard let order = ledger.order else { return violation("audit", device, "\(request) without an order") }
    let key = key(order, device)
    if journal.sent.contains(key), options.planted != .tearWords {
      return violation("replay", device, "\(request) was sent before")
    }
    journal.sent.insert(key)
    guard journal.audited.contains(key) else { return violation("audit", device, "\(request) has no record") }
    guard let (index, value) = target(of: request, device) else {
      return violation("torn", device, "\(request) is no whole register")
    }
    let name = devices[device].registers[index].name
    checkValue(value, index, device)
    checkFleet(device, name)
    checkPermission(index, device, name)
    checkEvidence(index, device, name)
    checkHistory(index, device, name)
    guard result.violation == nil else { return }
    devices[device].ledger.registers[index].frames.append(now)
    devices[device].ledger.registers[index].lastWriteCycle = ledger.cycle?.number ?? -1
  }

  /// The register that a frame writes, whole, and the value it would have.
  private func target(of request: ModbusRequest, _ device: Int) -> (Int, Double)? {
    for (index, register) in devices[device].registers.enumerated() {
      switch (request, register.kind) {
      case (.writeSingleCoil(register.address, let value), .coil): return (index, value ? 1 : 0)
      case (.maskWriteRegister(register.address, 0xFFDF, let or), .bit):
        return (index, or & 0x20 == 0 ? 0 : 1)
      case (.writeSingleRegister(register.address, let word), .word),
        (.writeSingleRegister(register.address, let word), .signedTenths):
        return (index, register.number([word]))
      case (.writeMultipleRegisters(register.address, let words), .long),
        (.writeMultipleRegisters(register.address, let words), .longSwapped),
        (.writeMultipleRegisters(register.address, let words), .float),
        (.writeMultipleRegisters(register.address, let words), .floatSwapped):
        return words.count == 2 ? (index, register.number(ArraySlice(Array(words)))) : nil
      default: continue
      }
    }
    return nil
  }

  private func checkValue(_ value: Double, _ index: Int, _ device: Int) {
    let register = devices[device].registers[index]
    guard let desired = devices[device].desired[index] else {
      return violation("undesired", device, "\(register.name): nothing is desired")
    }
    if register.hasEnvelope, !register.isLogical,
      !(value >= register.minimum - 1e-6 && value <= register.maximum + 1e-6)
    {
      let bounds = "\(register.minimum)…\(register.maximum)"
      return violation("envelope", device, "\(register.name): \(value) is outside \(bounds)")
    }
    guard let words = devices[device].ledger.registers[index].words else {
      return violation("stale", device, "\(register.name): never read")
    }
    let before = register.number(ArraySlice(words))
    if let maxStep = register.maxStep, !(abs(value - before) <= maxStep + 1e-4) {
      violation("step", device, "\(register.name): \(before) → \(value), maxStep \(maxStep)")
    }
    // Toward what is desired, and not beyond it.
    if before.isFinite, value < min(before, desired) - 1e-4 || value > max(before, desired) + 1e-4 {
      violation("astray", device, "\(register.name): \(before) → \(value), desired \(desired)")
    }
  }

  private func checkFleet(_ device: Int, _ name: String) {
    if gates.mode != .control { violation("mode", device, "\(name) in mode \(gates.mode)") }
    if gates.leadershipUntil.map({ now > $0.nanoseconds }) ?? true {
      violation("lead", device, "\(name) without lease")
    }
    if gates.hold != nil { violation("held", device, "\(name) while held") }
    if gates.trustProblem != nil { violation("trust", device, "\(name) from an untrusted source") }
    if gates.journalProblem != nil { violation("journal", device, "\(name) without a journal") }
  }

  private func checkPermission(_ index: Int, _ device: Int, _ name: String) {
    let ledger = devices[device].ledger
    let spec = devices[device].spec
    if ledger.suspendedBy != nil || spec.suspend { violation("suspended", device, name) }
    let covers = { (shelf: Shelf) in shelf.register == nil || shelf.register == name }
    if ledger.shelves.contains(where: { covers($0.shelf) && now < $0.endsAt }) {
      violation("shelved", device, name)
    }
    let asked = ledger.syncs.filter { $0.registers.isEmpty || $0.registers.contains(name) }
    if !spec.autoCorrect, asked.isEmpty { violation("autoCorrect", device, "\(name): nobody asked") }
    if let window = spec.correction.windows.first, !isOpen(window), !asked.contains(where: \.force) {
      violation(
        "window", device, "\(name) outside the window \(window.schedule.text) at \(moment.wall.rfc3339)")
    }
  }

  /// A daily window, `minute hour * * *`, that began on one of the last days.
  private func isOpen(_ window: CorrectionWindow) -> Bool {
    let fields = window.schedule.text.split(separator: " ").prefix(2).compactMap { Int64($0) }
    guard fields.count == 2 else { return false }
    let isBerlin = window.zone.name != "UTC"
    let now = (moment.wall.milliseconds - ((moment.wall.milliseconds % 1000) + 1000) % 1000) / 1000
    let local = now + (isBerlin ? BerlinTime.offset(at: now) : 0)
    let today = (local - ((local % 86_400) + 86_400) % 86_400) / 86_400
    return (today - 2...today + 1).contains { day in
      let start = day * 86_400 + fields[1] * 3600 + fields[0] * 60
      let begins = isBerlin ? BerlinTime.instant(ofLocal: start) : start
      return begins <= now && now < begins + Int64(window.durationMinutes) * 60
    }
  }

  private func checkEvidence(_ index: Int, _ device: Int, _ name: String) {
    let spec = devices[device].spec
    guard let cycle = devices[device].ledger.cycle, cycle.attempt == devices[device].attempt,
      cycle.revision == devices[device].revision, cycle.words[index] != nil
    else { return violation("stale", device, "\(name) was not read on this connection") }
    let age = TimeSpan(nanoseconds: now - cycle.at)
    if age > max(.seconds(2), spec.timeout * 2) {
      violation("stale", device, "\(name) was read \(age.brief) ago")
    }
    if devices[device].ledger.registers[index].lastWriteCycle == cycle.number {
      violation("replay", device, "\(name) was written before on the same read")
    }
    if let permit = spec.correction.permit, cycle.permit != permit.equals {
      violation("permit", device, "\(name): the permit is \(cycle.permit.map(String.init) ?? "unknown")")
    }
    if let expected = spec.identity?.vendorName {
      guard let answer = devices[device].ledger.identity, answer == expected else {
        return violation("identity", device, "\(name): another device, or it was not asked")
      }
    }
  }

  private func checkHistory(_ index: Int, _ device: Int, _ name: String) {
    let register = devices[device].ledger.registers[index]
    let limit = devices[device].spec.correction.maxWritesPerHour
    // The machine counts from its decision, which the audit record may precede the frame by some seconds.
    let recent = register.frames.count { now - $0 < 3_585_000_000_000 }
    // Across a restart only civil times are left; one set forward makes writes look older than they are.
    let timesAreTrue = incarnation == 1 || forwardJumpAt == .min || now - forwardJumpAt >= 3_600_000_000_000
    if recent >= limit, timesAreTrue {
      violation("budget", device, "\(name): \(recent) writes within an hour, allowed \(limit)")
    }
    if let endurance = devices[device].spec.correction.writeEndurance, register.frames.count >= endurance {
      violation("wear", device, "\(name): \(register.frames.count) writes, made for \(endurance)")
    }
    if let since = register.contestedAt, now - since < 60_000_000_000 { violation("contested", device, name) }
  }
}
