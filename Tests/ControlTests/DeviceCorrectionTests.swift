import Testing

@testable import Control

@Suite struct DeviceCorrectionTests {
  @Test func aDriftIsSeenCorrectedAndHeld() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(11))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(20))
    #expect(plant.plcs[0][4001] == 2500)
    #expect(plant.plcs[0].writes.count == 1)
    let told = plant.transitions()
    #expect(told.filter(\.isDrift).count == 1)
    #expect(told.filter(\.isCorrected).count == 1)
    #expect(told.compactMap(\.outcome) == [.verified, .heldAtNextPoll])
    #expect(
      told.compactMap(\.phase) == [.connecting, .connected, .driftDetected, .correcting, .connected])
    guard
      case .driftDetected(0, .integer(2500), .integer(2400), let since?, let at)? = told.first(where: {
        $0.isDrift
      })
    else {
      Issue.record("no drift")
      return
    }
    #expect((at - since).seconds == 5)
    let view = plant.view()
    #expect(view.driftEvents == 1 && view.corrections == 1)
    #expect(view.registers[0].driftEvents == 1 && view.registers[0].corrections == 1)
    #expect(view.registers[0].lastOutcome == .heldAtNextPoll)
    #expect(view.registers[0].lastCorrection != nil)
    #expect(view.registers[0].driftSeen == nil)
    #expect(view.message == "in sync")
  }

  @Test func driftIsATransitionAndNotAPoll() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false)) { $0[4001] = 2400 }
    plant.run(.seconds(600))
    #expect(plant.transitions().filter(\.isDrift).count == 1)
    #expect(plant.transitions().compactMap(\.refusals) == [[.autoCorrectOff]])
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().driftEvents == 1)
    #expect(plant.view().status == .drifted)
    #expect(plant.view().registers[0].refusals == [.autoCorrectOff])
    #expect(
      plant.view().message
        == "drifted: setpoint is 2400, desired 2500; not written: autoCorrect is off: sync by hand")
    plant.plcs[0][4001] = 2500
    plant.run(.seconds(10))
    #expect(plant.transitions().contains(.driftCleared(register: 0, actual: .integer(2500))))
    plant.plcs[0][4001] = 2401
    plant.run(.seconds(10))
    #expect(plant.view().driftEvents == 2)
    #expect(plant.view().corrections == 0)
  }

  @Test func confirmReadsWaitsForThatManyPolls() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.correction.confirmReads = 3 }) { $0[4001] = 2500 }
    plant.run(.seconds(11))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(10))
    #expect(plant.transitions().filter(\.isDrift).isEmpty)
    #expect(plant.view().registers[0].inSync == false)
    plant.plcs[0][4001] = 2500
    plant.run(.seconds(5))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(16))
    #expect(plant.transitions().filter(\.isDrift).count == 1)
    #expect(plant.plcs[0][4001] == 2500)
    guard case .driftDetected(_, _, _, let since?, let at)? = plant.transitions().first(where: { $0.isDrift })
    else {
      Issue.record("no drift")
      return
    }
    #expect((at - since).seconds == 5)
  }

  @Test func severalRegistersAreCorrectedInOneCycle() {
    let plant = VirtualPlant()
    let spec = simpleSpec(interval: .seconds(600)) { spec in
      spec.registers = [
        RegisterSpec(name: "a", address: 10, desired: .integer(1)),
        RegisterSpec(name: "seen", address: 11),
        RegisterSpec(name: "b", address: 12, type: .float32, order: .cdab, desired: .real(72.5)),
        RegisterSpec(name: "run", address: 3, table: .coil, type: .bool, desired: .bool(true)),
        RegisterSpec(name: "bit1", address: 20, type: .bool, bit: 1, desired: .bool(true)),
        RegisterSpec(name: "bit2", address: 20, type: .bool, bit: 2, desired: .bool(false)),
        RegisterSpec(name: "tag", address: 30, type: .string, desired: .text("LINE7")),
      ]
      spec.registers[6].wordCount = 4
    }
    plant.add(spec) { $0[20] = 0x00F4 }
    plant.run(.seconds(2))
    let plc = plant.plcs[0]
    #expect(plc.reads.count == 1)
    #expect(plc.writes.count == 6)
    #expect(plc[10] == 1)
    #expect([plc[12], plc[13]] == [0, 0x4291])
    #expect(plc[3, .coil] == 1)
    #expect(plc[20] == 0x00F2)
    #expect(plc[30] == 0x4C49)
    #expect(plant.view().status == .inSync)
    // The second bit was decided on what the read-back of the first one showed.
    #expect(plc.writes[4].order.beforeWords == [0x00F6])
    #expect(
      plant.transitions().compactMap(\.phase)
        == [.connecting, .connected, .driftDetected, .correcting, .connected])
  }

  @Test func aRampTakesOneStepACycle() {
    let plant = VirtualPlant()
    let spec = simpleSpec(desired: .real(80)) {
      $0.registers[0].scale = 0.1
      $0.registers[0].maxStep = 5
      $0.registers[0].minimum = 20
      $0.registers[0].maximum = 95
    }
    plant.add(spec) { $0[4001] = 625 }
    plant.run(.seconds(20))
    let writes = plant.plcs[0].writes
    #expect(writes.map(\.order.words) == [[675], [725], [775], [800]])
    for (later, earlier) in zip(writes.dropFirst(), writes) { #expect((later.at - earlier.at).seconds >= 1) }
    #expect(plant.view().corrections == 1)
    #expect(plant.view().driftEvents == 1)
    #expect(plant.transitions().filter { $0.phase == .correcting }.count == 1)
  }

  @Test func aHoldStopsARamp() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.registers[0].maxStep = 100 }) { $0[4001] = 500 }
    plant.run(.seconds(4))
    let hold = Hold(by: "ann", since: plant.now.wall, reason: "look")
    plant.setGates { $0.hold = hold }
    let count = plant.plcs[0].writes.count
    #expect(count > 1)
    plant.run(.seconds(60))
    #expect(plant.plcs[0].writes.count == count)
    #expect(plant.view().phase == .driftDetected)
    #expect(plant.view().registers[0].refusals == [.held(hold)])
    plant.setGates { $0.hold = nil }
    plant.run(.seconds(60))
    #expect(plant.plcs[0][4001] == 2500)
    #expect(plant.transitions().compactMap(\.refusals) == [[.held(hold)], []])
  }

  @Test func aHoldThatComesBetweenRecordAndFrameStopsTheFrame() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2400 }
    var machine = plant.machines[0]
    var now = plant.now
    var order: WriteOrder?
    func step(_ input: Input) {
      for action in machine.step(input, at: now) { if case .write(let made) = action { order = made } }
    }
    now = Moment(instant: now.instant + .seconds(1), wall: now.wall + .seconds(1))
    step(.timer)
    step(.connected)
    step(.read(Observation(words: [2400])))
    guard let order else {
      Issue.record("no write")
      return
    }
    #expect(machine.objections(to: order, at: now).isEmpty)
    step(.gates(FleetGates(hold: Hold(by: "ann", since: now.wall, reason: ""))))
    #expect(machine.objections(to: order, at: now).count == 1)
    step(.gates(FleetGates(leadershipUntil: now.instant)))
    #expect(machine.objections(to: order, at: now).isEmpty)
    now = Moment(instant: now.instant + .milliseconds(1), wall: now.wall)
    #expect(machine.objections(to: order, at: now) == [.notLeading(holder: "")])
    step(.gates(FleetGates()))
    #expect(machine.objections(to: order, at: now).isEmpty)
    step(.desired(simpleSpec(desired: .integer(2600))))
    #expect(machine.objections(to: order, at: now).isEmpty == false)
  }

  @Test func noWriteBeforeTheGatesAreKnown() {
    var machine = DeviceMachine(id: DeviceID(name: "a"), seed: 1)
    var now = Moment(instant: Instant(nanoseconds: 0), wall: VirtualPlant.epoch)
    _ = machine.step(.desired(simpleSpec()), at: now)
    now.instant = now.instant + .seconds(1)
    _ = machine.step(.timer, at: now)
    _ = machine.step(.connected, at: now)
    let actions = machine.step(.read(Observation(words: [1])), at: now)
    #expect(!actions.contains { if case .write = $0 { true } else { false } })
  }

  @Test func anExceptionLeavesTheOthersAlone() {
    let plant = VirtualPlant()
    plant.add(
      simpleSpec {
        $0.registers.append(RegisterSpec(name: "gone", address: 5000, desired: .integer(1)))
        $0.registers.append(RegisterSpec(name: "b", address: 4002, desired: .integer(7)))
      }
    ) { $0.unreadable = [.init(table: .holding, address: 5000): 2] }
    plant.run(.seconds(60))
    #expect(plant.plcs[0][4001] == 2500 && plant.plcs[0][4002] == 7)
    #expect(plant.plcs[0].connects.count == 1)
    let view = plant.view()
    #expect(view.phase == .connected)
    #expect(view.status == .invalid)
    #expect(view.registers[1].exception == 2)
    #expect(view.registers[1].actual == nil && view.registers[1].inSync == nil)
    #expect(view.message.contains("gone"))
    #expect(plant.transitions().filter { $0 == .registerUnreadable(register: 1, exception: 2) }.count == 1)
    plant.plcs[0].unreadable = [:]
    plant.run(.seconds(10))
    #expect(plant.view().status == .inSync)
    #expect(plant.plcs[0][5000] == 1)
  }
}
