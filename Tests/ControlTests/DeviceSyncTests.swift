import Testing

@testable import Control

@Suite struct DeviceSyncTests {
  private func results(_ plant: VirtualPlant) -> [SyncResult] {
    plant.transitions().compactMap(\.syncResults).flatMap { $0 }
  }

  private func sync(_ plant: VirtualPlant, _ id: UInt64 = 1, _ names: [String] = [], force: Bool = false) {
    plant.feed(.command(.sync(SyncRequest(id: id, by: "ann", force: force, registers: names))))
  }

  @Test func aSyncWritesWhatAutoCorrectMayNot() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(interval: .seconds(60), autoCorrect: false)) { $0[4001] = 2400 }
    plant.run(.seconds(10))
    let plan = plant.machines[0].plan(force: false, at: plant.now)
    #expect(plan.map(\.after) == [.integer(2500)])
    #expect(plan.map(\.before) == [.integer(2400)])
    #expect(plan.allSatisfy { $0.refusals.isEmpty })
    sync(plant)
    plant.run(.seconds(1))
    #expect(results(plant).map(\.outcome) == [.corrected])
    #expect(results(plant).first?.before == .integer(2400))
    #expect(results(plant).first?.after == .integer(2500))
    #expect(plant.plcs[0].writes.first?.order.cause == .operator(SyncRequest(id: 1, by: "ann")))
    sync(plant, 2)
    plant.run(.seconds(1))
    #expect(results(plant).map(\.outcome) == [.corrected, .alreadyInSync])
    #expect(plant.machines[0].plan(force: false, at: plant.now).isEmpty)
  }

  @Test func onlyForceOpensAWindow() throws {
    let plant = VirtualPlant()
    // The plant's clock starts at midnight.
    let window = CorrectionWindow(
      schedule: try CronSchedule(parsing: "0 2 * * *"), durationMinutes: 60, zone: .utc)
    plant.add(simpleSpec { $0.correction.windows = [window] }) { $0[4001] = 2400 }
    plant.run(.seconds(10))
    let opens = VirtualPlant.epoch + .seconds(7200)
    #expect(plant.view().registers[0].refusals == [.outsideWindow(opens: opens)])
    sync(plant)
    plant.run(.seconds(1))
    #expect(results(plant).last?.outcome == .refused([.outsideWindow(opens: opens)]))
    #expect(plant.machines[0].plan(force: true, at: plant.now).first?.refusals == [])
    sync(plant, force: true)
    plant.run(.seconds(1))
    #expect(results(plant).last?.outcome == .corrected)
    plant.plcs[0][4001] = 2400
    plant.run(.seconds(7180))
    #expect(plant.plcs[0][4001] == 2400)
    plant.run(.seconds(20))
    #expect(plant.plcs[0][4001] == 2500)
  }

  @Test func syncsGiveEachRegisterItsOutcome() {
    let plant = VirtualPlant()
    plant.add(
      simpleSpec {
        $0.registers += [
          RegisterSpec(name: "watched", address: 1),
          RegisterSpec(name: "gone", address: 2, desired: .integer(1)),
          RegisterSpec(name: "fine", address: 3, desired: .integer(0)),
        ]
      }
    ) { $0.unreadable = [.init(table: .holding, address: 2): 4] }
    plant.run(.seconds(2))
    sync(plant, 1, ["watched", "gone", "fine", "nowhere", "fine"])
    plant.run(.seconds(2))
    let byName = Dictionary(uniqueKeysWithValues: results(plant).map { ($0.name, $0.outcome) })
    #expect(byName["watched"] == .refused([.notWritable]))
    #expect(byName["fine"] == .alreadyInSync)
    #expect(byName["nowhere"] == .failed("the manifest has no such register"))
    #expect(
      byName["gone"]
        == .failed("the device refuses to give the register (exception 4, server device failure)"))
    #expect(results(plant).count == 4)
  }

  @Test func aSyncOfAnUnreachableDeviceFailsSoonWithTheReason() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0.refusesConnections = true }
    plant.run(.seconds(200))
    let before = plant.now.instant
    sync(plant)
    plant.run(.seconds(1))
    #expect(results(plant).map(\.outcome) == [.failed("unreachable: connection refused")])
    #expect(
      plant.plcs[0].connects.last.map { $0 >= before } == true, "an operator does not wait for the back-off")
    plant.plcs[0].refusesConnections = false
    sync(plant, 2)
    plant.run(.seconds(1))
    #expect(results(plant).last?.outcome == .corrected)
  }

  @Test func aSyncOfABusyDeviceEnds() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0.busy = true }
    plant.run(.seconds(2))
    sync(plant)
    plant.run(.seconds(20))
    #expect(results(plant).count == 1)
    guard case .failed? = results(plant).first?.outcome else {
      Issue.record("\(results(plant))")
      return
    }
  }

  @Test func anUnansweredSyncIsNotTriedTwice() {
    for arrives in [true, false] {
      let plant = VirtualPlant()
      plant.add(simpleSpec(autoCorrect: false)) { $0[4001] = 2400 }
      plant.run(.seconds(7))
      if arrives { plant.plcs[0].losesAnswers = 1 } else { plant.plcs[0].losesWrites = 1 }
      sync(plant)
      plant.run(.seconds(60))
      #expect(plant.plcs[0].writes.count == 1)
      let expected: SyncResult.Outcome =
        arrives ? .corrected : .failed("the write was not answered; the device holds 2400")
      #expect(results(plant).map(\.outcome) == [expected])
    }
  }

  @Test func aSyncMayRampAndBeHeld() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false) { $0.registers[0].maxStep = 100 }) { $0[4001] = 2200 }
    plant.run(.seconds(7))
    sync(plant)
    plant.run(.seconds(10))
    #expect(results(plant).map(\.outcome) == [.corrected])
    #expect(plant.plcs[0].writes.count == 3)
    plant.plcs[0][4001] = 100
    plant.run(.seconds(7))
    sync(plant, 2)
    plant.run(.seconds(3))
    plant.setGates { $0.hold = Hold(by: "bob", since: plant.now.wall, reason: "stop") }
    plant.run(.seconds(5))
    guard case .refused(let reasons)? = results(plant).last?.outcome, case .held = reasons.first else {
      Issue.record("\(results(plant))")
      return
    }
  }

  @Test func aChangedManifestEndsWhatAnOperatorAgreedTo() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false)) {
      $0[4001] = 2400
      $0.latency = .milliseconds(50)
    }
    plant.run(.seconds(7))
    sync(plant)
    plant.feed(.desired(simpleSpec(desired: .integer(3000), autoCorrect: false)))
    plant.run(.seconds(20))
    #expect(results(plant).map(\.outcome) == [.failed("the manifest changed meanwhile")])
    #expect(plant.plcs[0].writes.isEmpty)
  }

  @Test func everySyncFinishesOnce() {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false)) { $0[4001] = 2400 }
    for id in 1...20 {
      sync(plant, UInt64(id))
      plant.run(.milliseconds(137))
      if id == 7 { plant.plcs[0].hangs = true }
      if id == 14 { plant.plcs[0].hangs = false }
    }
    plant.feed(.removed)
    sync(plant, 21)
    plant.run(.seconds(60))
    let ids = plant.transitions().compactMap { transition -> UInt64? in
      if case .syncFinished(let request, _) = transition { request.id } else { nil }
    }
    #expect(ids.sorted() == Array(1...21))
  }
}
