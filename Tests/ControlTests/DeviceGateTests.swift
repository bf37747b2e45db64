import Testing

@testable import Control

@Suite struct DeviceGateTests {
  private let operatorSync = WriteCause.operator(SyncRequest(id: 1, by: "ann"))

  private func question(_ change: (inout WriteQuestion) -> Void = { _ in }) -> WriteQuestion {
    var question = WriteQuestion(
      device: simpleSpec { $0.registers[0].maximum = 3000 }, register: 0, cause: .automatic,
      gates: FleetGates(),
      freshness: .thisCycle, words: [2400])
    change(&question)
    return question
  }

  private let now = Moment(instant: Instant(nanoseconds: 5), wall: VirtualPlant.epoch)

  private func reasons(_ question: WriteQuestion) -> [Refusal] {
    if case .refused(let reasons) = WriteGate.decide(question, sequence: 1, at: now) { reasons } else { [] }
  }

  @Test func anOpenGateMakesTheOrder() throws {
    guard case .permitted(let order) = WriteGate.decide(question(), sequence: 9, at: now) else {
      Issue.record("refused")
      return
    }
    #expect(order.sequence == 9 && order.words == [2500] && order.before == .integer(2400))
    #expect(order.value == .integer(2500) && order.bitMask == nil && order.cause == .automatic)
  }

  @Test func everyReasonIsGivenInTheOrderOfTheGates() throws {
    let hold = Hold(by: "a", since: now.wall, reason: "")
    let shelf = Shelf(by: "b", since: now.wall, until: now.wall + .seconds(60), reason: "")
    let permit = PermitRule(address: 1, table: .coil, equals: 1)
    let window = CorrectionWindow(
      schedule: try CronSchedule(parsing: "0 2 * * *"), durationMinutes: 1, zone: .utc)
    let all = question {
      $0.gates = FleetGates(
        mode: .observe, leadershipUntil: Instant(nanoseconds: 4), leader: "c", hold: hold,
        journalProblem: "full",
        trustProblem: "unsigned")
      $0.suspendedBy = "d"
      $0.shelf = shelf
      $0.device.autoCorrect = false
      $0.device.correction.windows = [window]
      $0.device.registers[0].maximum = 2000
      $0.device.correction.permit = permit
      $0.device.identity = DeviceIdentity(vendorName: "V")
      $0.freshness = .earlier(age: nil)
      $0.budgetSpentUntil = now.wall
      $0.contest = .init(reverts: 3, rivalDelay: nil, retryAt: now.wall)
      $0.uncertain = true
      $0.backingOff = (2, now.wall)
      $0.fault = "x"
    }
    let given = reasons(all)
    #expect(
      given == [
        .notControlling(mode: .observe), .notLeading(holder: "c"), .held(hold), .suspended(by: "d"),
        .shelved(shelf),
        .autoCorrectOff, .outsideWindow(opens: VirtualPlant.epoch + .seconds(7200)),
        .outsideEnvelope(value: 2500, minimum: nil, maximum: 2000), .staleObservation(age: nil),
        .permitWithheld(permit, found: nil), .budgetSpent(limitPerHour: 60, next: now.wall),
        .contested(reverts: 3, rivalDelay: nil, retryAt: now.wall),
        .identityMismatch(expected: DeviceIdentity(vendorName: "V"), found: nil),
        .untrustedSource(reason: "unsigned"), .journalUnavailable(reason: "full"), .uncertain,
        .backingOff(failures: 2, retryAt: now.wall), .faulted(reason: "x"),
      ])
    #expect(given.map(\.gate).filter { $0 > 0 } == [1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    #expect(Set(given.map(\.kind)).count == given.count)
    var forced = all
    forced.cause = .operator(SyncRequest(id: 1, by: "ann", force: true))
    #expect(reasons(forced) == given.filter { ![5, 6].contains($0.gate) && $0.reason != "BackingOff" })
    forced.cause = operatorSync
    #expect(reasons(forced) == given.filter { $0.gate != 5 && $0.reason != "BackingOff" })
  }

  @Test func theEnvelopeHoldsForWhatTheDeviceWouldHold() {
    // Rounded to tenths the value would be above the limit.
    let beyond = question {
      $0.device.registers[0] = RegisterSpec(
        name: "r", address: 0, scale: 0.1, desired: .real(72.36), maximum: 72.36)
    }
    #expect(reasons(beyond).map(\.reason) == ["OutsideEnvelope"])
    let exact = question {
      $0.device.registers[0] = RegisterSpec(
        name: "r", address: 0, scale: 0.1, desired: .real(72.3), maximum: 72.3)
    }
    #expect(reasons(exact).isEmpty)
    let nan = question {
      $0.device.registers[0] = RegisterSpec(name: "r", address: 0, desired: .integer(5), minimum: .nan)
    }
    #expect(reasons(nan).map(\.reason) == ["OutsideEnvelope"])
    let tooBig = question { $0.device.registers[0].desired = .integer(70_000) }
    #expect(reasons(tooBig).map(\.reason) == ["OutsideEnvelope"])
    let readOnly = question { $0.device.registers[0].table = .input }
    #expect(reasons(readOnly) == [.notWritable])
    let nothing = question { $0.device.registers[0].desired = nil }
    #expect(reasons(nothing) == [.notWritable])
    #expect(reasons(question { $0.register = 7 }) == [.notWritable])
    #expect(reasons(question { $0.words = [] }) == [.notWritable])
  }

  @Test func noStepIsLargerThanTheLimit() throws {
    var random = SplitMix64(seed: 99)
    let types: [RegisterType] = [.uint16, .int16, .uint32, .int32, .int64, .float32, .float64]
    for round in 0..<20_000 {
      let type = types[Int(random.next(below: UInt64(types.count)))]
      let scale = [1, 0.1, 0.01, 2.5, -0.5][Int(random.next(below: 5))]
      let maxStep = [0.05, 0.3, 1, 5, 123.4][Int(random.next(below: 5))]
      let spec = RegisterSpec(
        name: "r", address: 0, type: type, scale: scale,
        desired: .real(
          (abs(scale) == 1 ? (random.unit() * 300).rounded() : random.unit() * 300) * (scale < 0 ? -1 : 1)),
        minimum: -1e6, maximum: 1e6, maxStep: maxStep)
      let start = RegisterValue.real(spec.scaling.engineering((random.unit() * 300).rounded()))
      guard var words = try? RegisterCodec.encode(start, as: spec) else { continue }
      for _ in 0..<10 {
        let before = try #require(RegisterCodec.decode(words, as: spec)?.number)
        guard case .success(let step) = WriteStep.next(from: words, of: spec) else {
          #expect(abs(scale) > maxStep || type == .float32, "round \(round): \(spec) from \(before)")
          break
        }
        let after = try #require(step.value.number)
        #expect(abs(after - before) <= maxStep * (1 + 1e-9), "round \(round): \(spec) \(before) → \(after)")
        words = step.words
      }
    }
  }

  @Test func fromOutsideTheEnvelopeNoStepIsTakenThatIsTooLarge() {
    let far = question {
      $0.device.registers[0] = RegisterSpec(
        name: "r", address: 0, desired: .integer(50), minimum: 20, maximum: 95, maxStep: 5)
      $0.words = [200]
    }
    #expect(reasons(far) == [.stepTooLarge(step: 105, maxStep: 5)])
    let near = question {
      $0.device.registers[0] = RegisterSpec(
        name: "r", address: 0, desired: .integer(50), minimum: 20, maximum: 95, maxStep: 5)
      $0.words = [98]
    }
    #expect(reasons(near).isEmpty)
    let tiny = question {
      $0.device.registers[0] = RegisterSpec(name: "r", address: 0, desired: .integer(50), maxStep: 0.5)
      $0.words = [10]
    }
    #expect(reasons(tiny) == [.stepTooLarge(step: 40, maxStep: 0.5)])
    let nan = question {
      $0.device.registers[0] = RegisterSpec(
        name: "r", address: 0, type: .float32, desired: .integer(50), maxStep: 5)
      $0.words = [0x7FC0, 0]
    }
    #expect(reasons(nan) == [.stepTooLarge(step: .infinity, maxStep: 5)])
  }

  @Test func thePermitIsReadInTheSameCycle() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.correction.permit = PermitRule(address: 10, table: .coil, equals: 1) }) {
      $0[4001] = 2400
    }
    plant.run(.seconds(20))
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().registers[0].refusals.map(\.reason) == ["PermitWithheld"])
    plant.plcs[0].unreadable = [.init(table: .coil, address: 10): 2]
    plant.plcs[0][10, .coil] = 1
    plant.run(.seconds(20))
    #expect(plant.plcs[0].writes.isEmpty)
    plant.plcs[0].unreadable = [:]
    plant.run(.seconds(6))
    #expect(plant.plcs[0][4001] == 2500)
  }

  @Test func theIdentityIsReadBeforeTheFirstWriteOfAConnection() {
    let plant = VirtualPlant()
    let wanted = DeviceIdentity(vendorName: "ACME")
    plant.add(simpleSpec { $0.identity = wanted }) {
      $0[4001] = 2400
      $0.identity = DeviceIdentity(vendorName: "Other")
    }
    plant.run(.seconds(60))
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().registers[0].refusals.map(\.reason) == ["IdentityMismatch"])
    let told = plant.transitions().filter { if case .identity = $0 { true } else { false } }
    #expect(told == [.identity(expected: wanted, found: DeviceIdentity(vendorName: "Other"))])
    plant.plcs[0].identity = DeviceIdentity(vendorName: "ACME", productCode: "P1")
    plant.feed(.command(.sync(SyncRequest(id: 1, by: "ann"))))
    plant.run(.seconds(1))
    #expect(plant.plcs[0][4001] == 2500)
  }

  @Test func suspendedAndShelvedDevicesAreReadAndNotWritten() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(2))
    plant.feed(.command(.suspend(by: "ann")))
    plant.plcs[0][4001] = 2400
    let reads = plant.plcs[0].reads.count
    plant.run(.seconds(60))
    #expect(plant.plcs[0].reads.count == reads + 12)
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().status == .suspended)
    #expect(plant.view().registers[0].inSync == false)
    #expect(plant.view().suspendedBy == "ann")
    plant.feed(.command(.resume(by: "ann")))
    plant.run(.seconds(1))
    #expect(plant.plcs[0][4001] == 2500)
    let shelf = Shelf(
      by: "bob", since: plant.now.wall, until: plant.now.wall + .seconds(100), reason: "valve")
    plant.feed(.command(.shelve(shelf)))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(99))
    #expect(plant.plcs[0][4001] == 2400)
    #expect(plant.view().status == .shelved)
    #expect(plant.view().message == "shelved by bob: valve")
    plant.run(.seconds(1.5))
    #expect(plant.plcs[0][4001] == 2500)
    #expect(plant.transitions().contains(.unshelved(register: nil, by: "bob", expired: true)))
    plant.feed(.desired(simpleSpec { $0.suspend = true }))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(20))
    #expect(plant.view().suspendedBy == "the manifest")
    #expect(plant.plcs[0][4001] == 2400)
  }

  @Test func aShelvedRegisterLeavesTheOthers() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.registers.append(RegisterSpec(name: "b", address: 1, desired: .integer(5))) }) {
      $0[4001] = 2400
      $0.latency = .milliseconds(10)
    }
    let shelf = Shelf(
      by: "bob", since: plant.now.wall, until: plant.now.wall + .seconds(1000), reason: "x",
      register: "setpoint")
    plant.feed(.command(.shelve(shelf)))
    plant.run(.seconds(10))
    #expect(plant.plcs[0][4001] == 2400)
    #expect(plant.plcs[0][1] == 5)
    #expect(plant.view().status == .shelved)
    plant.feed(.command(.unshelve(register: "setpoint", by: "bob")))
    plant.run(.seconds(1))
    #expect(plant.plcs[0][4001] == 2500)
  }

  @Test func aPassedLeaseDeadlineStopsWritesByItself() {
    let plant = VirtualPlant()
    plant.gates.leadershipUntil = plant.now.instant + .seconds(10)
    plant.add(simpleSpec(interval: .seconds(1))) { $0[4001] = 2500 }
    plant.run(.seconds(12))
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(10))
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().registers[0].refusals == [.notLeading(holder: "")])
    plant.setGates { $0.leadershipUntil = plant.now.instant + .seconds(10) }
    plant.run(.seconds(1))
    #expect(plant.plcs[0][4001] == 2500)
  }
}
