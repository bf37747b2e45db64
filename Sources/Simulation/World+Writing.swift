import Control
import Modbus

extension World {
  /// The record first: durable after a moment, or not at all.
  func audit(_ order: WriteOrder, _ device: Int) {
    if let problem = gates.journalProblem { return feed(.writeNotSent(order, reason: problem), device) }
    let slow = random.chance(swarm.slowAudit)
    let span = TimeSpan.milliseconds(slow ? random.number(100...4000) : random.number(1...5))
    schedule(.audited(device: device, incarnation: incarnation, order), in: span)
  }

  /// The record is durable: a last look at the gates, and the frame goes out.
  func audited(_ device: Int, _ incarnation: Int, _ order: WriteOrder) {
    guard isAlive, incarnation == self.incarnation, let machine = devices[device].machine else { return }
    auditCount += 1
    if options.planted != .forgetAudit || auditCount % 7 != 0 {
      journal.audited.insert(key(order, device))
      journal.counters[device] = machine.counters(at: moment)
      devices[device].ledger.registers[order.register].attempts.append(now)
    }
    if random.chance(swarm.crashBeforeFrame) { return crash() }
    if options.planted != .skipLastLook, let refusal = machine.objections(to: order, at: moment).first {
      note("\(devices[device].id.name) not sent: \(refusal.reason)")
      return feed(.writeNotSent(order, reason: refusal.explanation), device)
    }
    devices[device].ledger.order = order
    guard options.planted == .tearWords, order.words.count == 2 else {
      return submit(request(order), device, .write(order))
    }
    let halves = order.words.enumerated().map { offset, word in
      ModbusRequest.writeSingleRegister(address: order.spec.address + UInt16(offset), value: word)
    }
    for half in halves { submit(half, device, .write(order)) }
  }

  /// What a journal keeps besides its audit: counters and standing drifts. Which writes there were is told by audit
  /// records alone, and the one that is being decided on has none yet.
  func keepCounters(_ device: Int) {
    guard var counters = devices[device].machine?.counters(at: moment) else { return }
    let before = journal.counters[device]?.registers ?? []
    for index in counters.registers.indices {
      let audited = before.first { $0.name == counters.registers[index].name }
      counters.registers[index].recentWrites = audited?.recentWrites ?? []
      counters.registers[index].writes = audited?.writes ?? 0
      counters.registers[index].writesByAge = audited?.writesByAge ?? []
    }
    journal.counters[device] = counters
  }

  func key(_ order: WriteOrder, _ device: Int) -> SimulatedJournal.Key {
    SimulatedJournal.Key(incarnation: incarnation, device: device, sequence: order.sequence)
  }

  func request(_ order: WriteOrder) -> ModbusRequest {
    let first = order.words.first ?? 0
    if order.spec.table == .coil { return .writeSingleCoil(address: order.spec.address, value: first != 0) }
    if let mask = order.bitMask {
      return .maskWriteRegister(address: order.spec.address, and: ~mask, or: first & mask)
    }
    if order.words.count == 1 { return .writeSingleRegister(address: order.spec.address, value: first) }
    return .writeMultipleRegisters(address: order.spec.address, values: RegisterBlock(order.words))
  }

  func readBack(_ order: WriteOrder) -> ModbusRequest {
    .read(
      SimulatedReader.table(order.spec.table), address: order.spec.address,
      count: UInt16(order.spec.layoutWords))
  }

  /// What the machines are told of the gates; a planted bug may hide something.
  func told(_ gates: FleetGates) -> FleetGates {
    var told = gates
    if options.planted == .writeWhileHeld { told.hold = nil }
    if options.planted == .ignoreLease { told.leadershipUntil = Instant(nanoseconds: .max) }
    return told
  }
}
