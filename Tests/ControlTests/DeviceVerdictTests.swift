import Testing

@testable import Control

@Suite struct DeviceVerdictTests {
  @Test func anIgnoredWriteIsToldAndBacksOff() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(1))) {
      $0[4001] = 2400
      $0.ignoresWrites = true
    }
    plant.run(.seconds(3600))
    #expect(plant.plcs[0].writes.count < 25)
    #expect(plant.plcs[0].writes.count > 8)
    #expect(plant.transitions().compactMap(\.outcome).allSatisfy { $0 == .ignored(actual: .integer(2400)) })
    #expect(plant.view().corrections == 0)
    #expect(plant.view().registers[0].refusals.contains { if case .backingOff = $0 { true } else { false } })
    plant.plcs[0].ignoresWrites = false
    plant.run(.seconds(301))
    #expect(plant.view().status == .inSync)
  }

  @Test func aRefusedWriteKeepsTheConnection() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) {
      $0[4001] = 2400
      $0.writeException = 4
    }
    plant.run(.seconds(30))
    #expect(plant.plcs[0].connects.count == 1)
    #expect(plant.view().phase == .driftDetected)
    #expect(plant.view().registers[0].lastOutcome == .refusedByDevice(exception: 4))
  }

  @Test func anUnansweredWriteIsNeverReplayed() {
    for arrives in [true, false] {
      let plant = VirtualPlant()
      plant.add(simpleSpec()) {
        $0[4001] = 2400
        if arrives { $0.losesAnswers = 1 } else { $0.losesWrites = 1 }
      }
      plant.run(.seconds(1.2))
      #expect(plant.plcs[0].writes.count == 1)
      plant.run(.seconds(0.5))
      #expect(plant.view().uncertain)
      #expect(plant.view().phase == .failed)
      plant.run(.seconds(30))
      let plc = plant.plcs[0]
      #expect(!plant.view().uncertain)
      #expect(plc[4001] == 2500)
      #expect(plc.connects.count == 2)
      #expect(plc.writes.count == (arrives ? 1 : 2))
      #expect(Set(plc.writes.map(\.order.sequence)).count == plc.writes.count)
      // A read of the new connection lies between the two.
      if let second = plc.writes.dropFirst().first {
        #expect(plc.reads.contains { $0 > plc.writes[0].at && $0 < second.at })
      }
      #expect(plant.view().corrections == 1)
      #expect(plant.transitions().filter(\.isDrift).count == 1)
    }
  }

  @Test func aWriteThatCannotBeReadBackIsReadAgain() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) {
      $0[4001] = 2400
      $0.losesVerifies = 1
    }
    plant.run(.seconds(30))
    #expect(plant.plcs[0].writes.count == 1)
    #expect(plant.view().corrections == 1)
    #expect(
      plant.transitions().compactMap(\.outcome)
        == [.unverified(WireProblem(.timeout, "no answer within 1 s")), .verified])
  }

  @Test func aRivalLeadsToContestedWithItsDelay() throws {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) {
      $0[4001] = 2400
      $0.rival = .milliseconds(800)
    }
    plant.run(.seconds(60))
    let contest = try #require(plant.transitions().compactMap(\.contest).first)
    #expect(contest.reverts == 3)
    let delay = try #require(contest.delay)
    #expect(delay.brief == "0.8 s", "\(delay.milliseconds) ms")
    #expect(plant.plcs[0].writes.count == 3)
    #expect(plant.view().status == .contested)
    #expect(plant.view().registers[0].contested)
    #expect(plant.view().message.hasPrefix("contested: setpoint is 2400"))
    // The hold-off grows: 1, 2, 4 … minutes, one try each.
    plant.run(.seconds(3600))
    let tries = plant.plcs[0].writes.dropFirst(3).map(\.at)
    let gaps = zip(tries.dropFirst(), tries).map { ($0 - $1).seconds }
    #expect(tries.count == 5)
    for (gap, minutes) in zip(gaps, [2.0, 4, 8, 16]) { #expect(abs(gap - minutes * 60) < 10, "\(gap)") }
    // An operator's sync does not override it, an operator's word to try again does.
    plant.feed(.command(.sync(SyncRequest(id: 1, by: "ann", force: true))))
    plant.run(.seconds(2))
    let refused = try #require(plant.transitions().compactMap(\.syncResults).last?.first)
    guard case .refused(let reasons) = refused.outcome, case .contested = reasons.first else {
      Issue.record("\(refused)")
      return
    }
    plant.plcs[0].rival = nil
    plant.feed(.command(.retryContested(by: "ann")))
    plant.run(.seconds(20))
    #expect(plant.plcs[0][4001] == 2500)
    #expect(plant.view().status == .inSync)
    #expect(plant.transitions().contains(.contestEnded(register: 0)))
    #expect(!plant.view().registers[0].contested)
  }

  /// The poll that comes milliseconds after a write which an extra read led to says nothing: no revert is missed,
  /// and no more writes are made than are needed to know.
  @Test(arguments: [1.0, 2, 5, 30])
  func aRivalIsKnownAfterAsManyWritesAsTheManifestSays(interval: Double) throws {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(interval))) {
      $0[4001] = 2400
      $0.rival = .milliseconds(800)
    }
    for _ in 0..<Int(interval * 2 + 10) where plant.view().status != .contested { plant.run(.seconds(1)) }
    let contest = try #require(plant.transitions().compactMap(\.contest).first)
    #expect(contest.reverts == 3)
    #expect(contest.delay?.brief == "0.8 s")
    #expect(plant.plcs[0].writes.count == 3)
    let message = plant.view().message
    #expect(
      message.hasPrefix("contested: setpoint is 2400, desired 2500; not written: contested: put back 3"))
  }

  @Test func aSlowRivalIsBoundedByTheBudget() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(1)) { $0.correction.maxWritesPerHour = 10 }) {
      $0[4001] = 2400
      $0.rival = .seconds(25)
    }
    plant.run(.seconds(3590))
    #expect(plant.plcs[0].writes.count == 10)
    guard case .budgetSpent(10, let next)? = plant.view().registers[0].refusals.first else {
      Issue.record("\(plant.view().registers[0].refusals)")
      return
    }
    #expect(next > plant.now.wall)
    #expect(plant.view().registers[0].budgetLeft == 0)
    let first = plant.plcs[0].writes[0].at
    plant.run(.seconds(60))
    #expect(plant.plcs[0].writes.count > 10)
    #expect((plant.plcs[0].writes[10].at - first).seconds >= 3600)
  }
}
