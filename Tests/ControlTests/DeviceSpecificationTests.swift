import Testing

@testable import Control

@Suite struct DeviceSpecificationTests {
  @Test func aNewDesiredValueIsAppliedAtOnce() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(60)) { $0.correction.confirmReads = 3 }) { $0[4001] = 2500 }
    plant.run(.seconds(90))
    let before = plant.now.instant
    plant.feed(
      .desired(simpleSpec(desired: .integer(2600), interval: .seconds(60)) { $0.correction.confirmReads = 3 })
    )
    #expect(plant.view().registers[0].inSync == false)
    plant.run(.milliseconds(100))
    #expect(plant.plcs[0][4001] == 2600)
    #expect(plant.plcs[0].reads.contains { $0 >= before }, "read again before the write")
    plant.feed(
      .desired(simpleSpec(desired: .integer(2600), interval: .seconds(60)) { $0.correction.confirmReads = 3 })
    )
    let reads = plant.plcs[0].reads.count
    plant.run(.milliseconds(100))
    #expect(plant.plcs[0].reads.count == reads, "nothing changed")
  }

  @Test func anAnswerToTheOldSpecificationIsNotUnderstoodAsTheNew() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(60))) {
      $0[4001] = 2500
      $0[1] = 2500
      $0.latency = .milliseconds(200)
    }
    plant.run(.seconds(2))
    plant.feed(.command(.refresh))
    plant.run(.milliseconds(100))
    let moved = simpleSpec(interval: .seconds(60)) { $0.registers[0].address = 1 }
    plant.plcs[0][4001] = 9
    plant.feed(.desired(moved))
    plant.run(.seconds(2))
    #expect(plant.view().registers[0].actual == .integer(2500))
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().driftEvents == 0)
  }

  @Test func anotherAddressIsAnotherConnection() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(7))
    plant.feed(.desired(simpleSpec { $0.address = "192.0.2.9" }))
    #expect(plant.view().registers[0].actual == nil, "what the other device said does not count")
    plant.run(.milliseconds(100))
    #expect(plant.plcs[0].connects.count == 2)
    #expect(plant.view().status == .inSync)
    #expect(
      plant.transitions().compactMap(\.phase).suffix(3) == [.failed, .connecting, .connected])
    #expect(!plant.transitions().contains { if case .connectionLost = $0 { true } else { false } })
  }

  @Test func registersKeepTheirPastByName() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2400 }
    plant.run(.seconds(12))
    plant.feed(
      .desired(
        simpleSpec { $0.registers.insert(RegisterSpec(name: "new", address: 7, desired: .integer(3)), at: 0) }
      ))
    plant.run(.seconds(12))
    let counters = plant.machines[0].counters(at: plant.now)
    #expect(counters.registers.map(\.name) == ["new", "setpoint"])
    #expect(counters.registers.map(\.corrections) == [1, 1])
    #expect(counters.corrections == 2)
    #expect(counters.registers[1].recentWrites.count == 1)
  }

  @Test func aRemovedDeviceIsReleasedAndNotWritten() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(7))
    plant.plcs[0][4001] = 2400
    plant.feed(.removed)
    let reads = plant.plcs[0].reads.count
    plant.run(.seconds(60))
    #expect(plant.plcs[0].reads.count == reads)
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.transitions().last == .released)
    plant.feed(.desired(simpleSpec()))
    plant.run(.seconds(2))
    #expect(plant.plcs[0][4001] == 2500)
    #expect(!plant.transitions().contains { $0.isViolation })
  }

  @Test func countersAndTheBudgetSurviveARestart() {
    let old = VirtualPlant()
    old.add(simpleSpec { $0.correction.maxWritesPerHour = 2 }) { $0[4001] = 2400 }
    old.run(.seconds(12))
    let new = VirtualPlant()
    let spec = simpleSpec { $0.correction.maxWritesPerHour = 2 }
    var machine = DeviceMachine(id: spec.id, seed: 5)
    let later = Moment(instant: Instant(nanoseconds: 77), wall: old.now.wall + .seconds(30))
    _ = machine.step(.restore(old.machines[0].counters(at: old.now)), at: later)
    _ = machine.step(.desired(spec), at: later)
    #expect(machine.counters(at: later).driftEvents == 1)
    #expect(machine.view(at: later).driftEvents == 1)
    #expect(machine.view(at: later).registers[0].budgetLeft == 1)
    // A clock that was set back in between must not enlarge the budget.
    let past = Moment(instant: Instant(nanoseconds: 77), wall: VirtualPlant.epoch + .seconds(-7200))
    var other = DeviceMachine(id: spec.id, seed: 5)
    _ = other.step(.desired(spec), at: past)
    _ = other.step(.restore(old.machines[0].counters(at: old.now)), at: past)
    #expect(other.view(at: past).registers[0].budgetLeft == 1)
    _ = new
  }

  @Test func aClockThatJumpsMovesNoPollAndOpensNoWindow() throws {
    let plant = VirtualPlant()
    let window = CorrectionWindow(
      schedule: try CronSchedule(parsing: "0 2 * * *"), durationMinutes: 60, zone: .utc)
    plant.add(simpleSpec { $0.correction.windows = [window] }) { $0[4001] = 2400 }
    plant.run(.seconds(100))
    for jump in [-3600, 86_400 * 3653, -86_400 * 3000, 1] {
      plant.jumpWallClock(by: .seconds(jump))
      plant.run(.seconds(100))
      #expect(plant.plcs[0].writes.isEmpty)
    }
    let reads = plant.plcs[0].reads.dropFirst()
    for (later, earlier) in zip(reads.dropFirst(), reads) { #expect((later - earlier).seconds == 5) }
  }

  /// Any input in any state: no trap, no forbidden transition, and what is asked for can be answered.
  @Test func inputsAtRandomDoNoHarm() {
    for seed in UInt64(1)...300 {
      var random = SplitMix64(seed: seed)
      var machine = DeviceMachine(id: DeviceID(name: "r"), seed: seed)
      var now = Moment(instant: Instant(nanoseconds: 0), wall: VirtualPlant.epoch)
      var order: WriteOrder?
      func word() -> UInt16 { UInt16(truncatingIfNeeded: random.next()) }
      let problem = WireProblem(.timeout, "silence")
      for step in 0..<400 {
        let span = TimeSpan.milliseconds(Int(random.next(below: 4000)))
        now = Moment(instant: now.instant + span, wall: now.wall + span)
        var input: Input
        switch random.next(below: 22) {
        case 0: input = .desired(simpleSpec { $0.port = 502 + Int(random.next(below: 2)) })
        case 1: input = .desired(simpleSpec(desired: .integer(Int64(word())), interval: .seconds(1)))
        case 2: input = random.next(below: 10) == 0 ? .removed : .timer
        case 3:
          input = .gates(
            FleetGates(hold: random.next(below: 3) == 0 ? Hold(by: "", since: now.wall, reason: "") : nil))
        case 4, 5: input = .connected
        case 6: input = .connectFailed(problem)
        case 7: input = .disconnected(problem)
        case 8, 9, 10: input = .read(Observation(words: [random.next(below: 2) == 0 ? 2500 : word()]))
        case 11: input = .read(Observation(words: [], refused: [.init(register: 9, exception: 2)]))
        case 12: input = .read(Observation(words: [1], refused: [.init(register: 0, exception: 2)]))
        case 13: input = .readFailed(problem)
        case 14: input = .readBusy
        case 15: input = .identity(nil)
        case 16: input = order.map { .writeAcknowledged($0) } ?? .timer
        case 17: input = order.map { .writeUncertain($0, problem) } ?? .timer
        case 18: input = order.map { .verified($0, .words($0.words)) } ?? .timer
        case 19: input = order.map { .verifyFailed($0, problem) } ?? .timer
        case 20: input = .command(.sync(SyncRequest(id: random.next(), by: "x", force: true)))
        default: input = .timer
        }
        for action in machine.step(input, at: now) {
          if case .write(let made) = action { order = made }
          if case .publish(.invariantViolated(let what)) = action {
            Issue.record("seed \(seed) step \(step): \(what)")
          }
        }
        _ = machine.view(at: now)
        _ = machine.plan(force: false, at: now)
      }
    }
  }
}

@Suite struct DeviceCarryOverTests {
  /// Found by the simulator: a changed manifest while a register was refused made its old value look like a
  /// drift.
  @Test func anUnreadableRegisterIsJudgedAnewAfterAChange() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false)) { $0[4001] = 2500 }
    plant.run(.seconds(7))
    plant.plcs[0].unreadable = [.init(table: .holding, address: 4001): 4]
    plant.run(.seconds(7))
    plant.feed(.desired(simpleSpec(interval: .seconds(4), autoCorrect: false)))
    plant.run(.seconds(1))
    plant.plcs[0].unreadable = [:]
    plant.run(.seconds(20))
    #expect(plant.view().status == .inSync)
    #expect(plant.view().driftEvents == 0)
  }

  /// Found by the simulator: the budget of a device that left and came back depended on the civil clock.
  @Test func theBudgetOfADeviceThatComesBackIsNotTheClocks() {
    let plant = VirtualPlant()
    let spec = simpleSpec { $0.correction.maxWritesPerHour = 1 }
    plant.add(spec) { $0[4001] = 2400 }
    plant.run(.seconds(7))
    plant.feed(.removed)
    plant.jumpWallClock(by: .seconds(86_400))
    plant.plcs[0][4001] = 2400
    plant.feed(.desired(spec))
    plant.run(.seconds(60))
    #expect(plant.plcs[0].writes.count == 1)
  }

  /// Found by the simulator: a module that was put right on the same connection was refused for ever.
  @Test func aWrongDeviceIsAskedAgainAfterAMinute() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.identity = DeviceIdentity(vendorName: "ACME") }) {
      $0[4001] = 2400
      $0.identity = DeviceIdentity(vendorName: "Other")
    }
    plant.run(.seconds(20))
    plant.plcs[0].identity = DeviceIdentity(vendorName: "ACME")
    plant.run(.seconds(70))
    #expect(plant.plcs[0][4001] == 2500)
  }
}
