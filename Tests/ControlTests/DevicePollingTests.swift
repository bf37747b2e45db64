import Testing

@testable import Control

@Suite struct DevicePollingTests {
  private func gaps(_ reads: [Instant]) -> [Double] {
    zip(reads.dropFirst(), reads).map { ($0 - $1).seconds }
  }

  @Test func pollsStandOnAFixedGrid() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(3600))
    let reads = plant.plcs[0].reads
    #expect((720...722).contains(reads.count))
    // After the first read, exactly the interval; no drift over an hour.
    #expect(gaps(Array(reads.dropFirst())).allSatisfy { $0 == 5 })
    #expect(plant.view().status == .inSync)
    #expect(plant.view().phase == .connected)
    #expect(plant.transitions().filter(\.isDrift).isEmpty)
  }

  @Test func aFleetIsSpreadOverTheInterval() {
    let plant = VirtualPlant()
    for index in 0..<1000 {
      plant.add(simpleSpec("plc-\(index)", interval: .seconds(10))) { $0[4001] = 2500 }
    }
    plant.run(.seconds(21))
    var buckets = [Int](repeating: 0, count: 100)
    for plc in plant.plcs {
      guard let last = plc.reads.last else { Issue.record("never read"); continue }
      buckets[Int(last.nanoseconds % 10_000_000_000 / 100_000_000)] += 1
    }
    #expect((buckets.max() ?? 0) < 40)
    #expect(buckets.count { $0 == 0 } < 5)
  }

  @Test func oneHangingPLCDelaysNobody() {
    let plant = VirtualPlant()
    for index in 0..<10 {
      plant.add(simpleSpec("plc-\(index)", interval: .seconds(1)) { $0.timeout = .seconds(3) }) {
        $0[4001] = 2500
        $0.hangs = index == 3
      }
    }
    plant.run(.seconds(120))
    for (index, plc) in plant.plcs.enumerated() where index != 3 {
      #expect(gaps(Array(plc.reads.dropFirst())).allSatisfy { $0 == 1 })
      #expect(plc.reads.count >= 119)
      #expect(plant.view(index).status == .inSync)
    }
    #expect(plant.view(3).status == .unreachable)
    #expect(plant.view(3).phase == .failed || plant.view(3).phase == .connecting)
    #expect(plant.view(3).lastError?.isEmpty == false)
    #expect(plant.view(3).message.hasPrefix("unreachable: "))
  }

  @Test func failuresBackOffAndTheFirstSuccessResets() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { plc in
      plc.refusesConnections = true
      plc[4001] = 2500
    }
    plant.run(.seconds(400))
    let waits = gaps(plant.plcs[0].connects)
    for (index, wait) in waits.enumerated() {
      let nominal = min(Double(1 << min(index + 1, 10)), 60)
      #expect(wait >= nominal * 0.9 && wait <= nominal * 1.1 + 0.01, "wait \(index): \(wait)")
    }
    #expect(Set(waits.suffix(3)).count == 3)
    #expect(plant.view().status == .unreachable)
    #expect(plant.view().retryAt != nil)
    plant.plcs[0].refusesConnections = false
    plant.run(.seconds(70))
    #expect(plant.view().status == .inSync)
    #expect(plant.view().failures == 0)
    #expect(plant.view().lastError == nil)
    #expect(plant.transitions().contains { if case .connected(let after) = $0 { after > 5 } else { false } })
    plant.plcs[0].hangs = true
    let isLoss = { (transition: Transition) in if case .connectionLost = transition { true } else { false } }
    while !plant.transitions().contains(where: isLoss) { plant.run(.milliseconds(100)) }
    guard let lost = plant.transitions.last(where: { isLoss($0.transition) }) else { return }
    plant.plcs[0].hangs = false
    plant.run(.seconds(3))
    let back = plant.plcs[0].connects.last.map { ($0 - lost.at).seconds } ?? 0
    #expect(back >= 1.8 && back <= 2.21)
  }

  @Test func aDeviceThatAcceptsAndSaysNothingBacksOffToo() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0.hangs = true }
    plant.run(.seconds(400))
    #expect(plant.plcs[0].connects.count < 14)
    #expect(!plant.transitions().contains { $0.phase == .connected })
  }

  @Test func staleIsToldByTimeAndNotByAnAnswer() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.timeout = .seconds(60) }) { $0[4001] = 2500 }
    plant.run(.seconds(20))
    plant.plcs[0].hangs = true
    plant.run(.seconds(21))
    let told = plant.transitions.filter { if case .stale = $0.transition { true } else { false } }
    #expect(told.count == 1)
    #expect(plant.view().status == .stale)
    #expect(plant.view().registers[0].actual == .integer(2500))
    let reads = plant.plcs[0].reads
    let lastGood = reads[reads.count - 2]
    #expect(told.first.map { ($0.at - lastGood).seconds } == 15.001)
    plant.plcs[0].hangs = false
    plant.run(.seconds(70))
    #expect(plant.view().status == .inSync)
    #expect(plant.transitions().contains { if case .fresh = $0 { true } else { false } })
  }

  @Test func slowAnswersSkipPollsAndNeverBunch() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(1)) { $0.timeout = .seconds(10) }) {
      $0[4001] = 2500
      $0.latency = .milliseconds(2500)
    }
    plant.run(.seconds(60))
    #expect(gaps(Array(plant.plcs[0].reads.dropFirst())).allSatisfy { $0 == 3 })
    #expect(plant.view().status != .unreachable)
  }

  @Test func busyIsNoFailure() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2500 }
    plant.run(.seconds(10))
    plant.plcs[0].busy = true
    let before = plant.plcs[0].reads.count
    plant.run(.seconds(8))
    #expect(plant.plcs[0].reads.count > before + 5)
    #expect(plant.view().failures == 0)
    #expect(plant.plcs[0].connects.count == 1)
    plant.plcs[0].busy = false
    plant.run(.seconds(2))
    #expect(plant.view().status == .inSync)
  }

  @Test func perRequestConnectsForEachPoll() {
    let plant = VirtualPlant()
    plant.add(simpleSpec { $0.connection = .perRequest }) { $0[4001] = 2400 }
    plant.run(.seconds(61))
    let plc = plant.plcs[0]
    #expect(plc.connects.count >= 12)
    #expect(plc.connects.count == plc.reads.count || plc.connects.count == plc.reads.count - 1)
    #expect(plc[4001] == 2500)
    #expect(plant.view().status == .inSync)
    #expect(!plant.transitions().contains { $0.phase == .failed })
  }

  @Test func theSteadyPathAsksForOneReadAndOneTimer() {
    var machine = DeviceMachine(id: DeviceID(name: "a"), seed: 1)
    var now = Moment(instant: Instant(nanoseconds: 0), wall: VirtualPlant.epoch)
    func pass(_ span: TimeSpan) { now = Moment(instant: now.instant + span, wall: now.wall + span) }
    _ = machine.step(.gates(FleetGates()), at: now)
    _ = machine.step(.desired(simpleSpec()), at: now)
    pass(.seconds(1))
    _ = machine.step(.timer, at: now)
    _ = machine.step(.connected, at: now)
    _ = machine.step(.read(Observation(words: [2500])), at: now)
    pass(.seconds(5))
    for _ in 0..<100 {
      let polled = machine.step(.timer, at: now)
      #expect(polled.count == 2)
      pass(.milliseconds(1))
      #expect(machine.step(.read(Observation(words: [2500])), at: now).isEmpty)
      #expect(machine.step(.read(Observation(words: [1])), at: now).isEmpty, "nobody asked")
      pass(.milliseconds(4999))
    }
  }

  @Test func theMachineIsSmall() {
    #expect(MemoryLayout<DeviceMachine>.stride <= 640)
    #expect(MemoryLayout<RegisterState>.stride <= 72)
    #expect(MemoryLayout<Input>.stride <= 56)
    #expect(MemoryLayout<Action>.stride <= 16)
  }
}

@Suite struct DeviceWatchdogTests {
  @Test func aLostAnswerIsNotWaitedForForEver() {
    var machine = DeviceMachine(id: DeviceID(name: "a"), seed: 1)
    var now = Moment(instant: Instant(nanoseconds: 0), wall: VirtualPlant.epoch)
    _ = machine.step(.gates(FleetGates()), at: now)
    _ = machine.step(.desired(simpleSpec()), at: now)
    now.instant = now.instant + .seconds(1)
    _ = machine.step(.timer, at: now)
    _ = machine.step(.connected, at: now)
    var failed = false
    var wake = now.instant
    for _ in 0..<200 where !failed {
      now.instant = wake + .milliseconds(1)
      for action in machine.step(.timer, at: now) {
        if case .schedule(let at) = action { wake = at }
        if case .publish(.connectFailed) = action { failed = true }
      }
    }
    #expect(failed)
    #expect((now.instant - Instant(nanoseconds: 0)).seconds < 90)
  }
}
