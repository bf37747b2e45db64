import Testing

@testable import Control

@Suite struct WriteWearTests {
  private func at(_ hours: Double) -> Instant { Instant(nanoseconds: Int64(hours * 3_600_000_000_000)) }

  @Test func aDayIsCountedByTheHour() {
    var tally = WriteTally()
    #expect(tally.perDay(at: at(0)) == 0)
    for quarter in 0..<96 { tally.add(at: at(Double(quarter) / 4)) }
    #expect(tally.total == 96)
    #expect(tally.perDay(at: at(23.9)) == 96)
    #expect(tally.byAge(at: at(23.9)) == Array(repeating: 4, count: 24))
    // Half a day without a write: half of them are older than a day.
    #expect(tally.perDay(at: at(35.5)) == 48)
    #expect(tally.perDay(at: at(60)) == 0)
    #expect(tally.total == 96)
    tally.takeBack()
    #expect(tally.total == 95)
  }

  /// Three hours of one a minute are a rhythm; a handful of writes is none.
  @Test func theRateIsOfTheTimeThatIsKnown() {
    var tally = WriteTally()
    for minute in 0..<180 { tally.add(at: at(Double(minute) / 60)) }
    #expect(tally.perDay(at: at(2.99)) == 1440)
    var few = WriteTally()
    for _ in 0..<3 { few.add(at: at(7)) }
    #expect(few.perDay(at: at(7.5)) == 3)
  }

  @Test func whatAnEarlierProcessWroteCounts() {
    var tally = WriteTally()
    tally.restore(5000, byAge: [1, 2] + Array(repeating: 0, count: 21) + [9], at: at(100))
    #expect(tally.total == 5000)
    #expect(tally.perDay(at: at(100)) == 12)
    #expect(tally.byAge(at: at(100))[23] == 9)
    #expect(tally.perDay(at: at(101)) == 3)
    tally.add(at: at(101))
    #expect(tally.total == 5001)
  }

  @Test func theTextSaysHowManyDaysAreLeft() {
    #expect(
      WriteWear(written: 1240, endurance: 100_000, perDay: 121.4).text
        == "1240 of 100000 writes, 813 days left at 121 a day")
    #expect(
      WriteWear(written: 99, endurance: 100, perDay: 0).text == "99 of 100 writes, none in the last day")
    #expect(
      WriteWear(written: 90, endurance: 100, perDay: 4).text == "90 of 100 writes, 2.5 days left at 4 a day")
    #expect(WriteWear(written: 101, endurance: 100, perDay: 4).text == "101 of 100 writes: worn out")
    #expect(WriteWear(written: 1, endurance: .max, perDay: 0.001).daysLeft?.isFinite == true)
  }

  /// The last write that the memory is made for is made; the one after it is refused, also for an operator's force.
  @Test func aWornOutRegisterIsNotWritten() throws {
    let plant = VirtualPlant()
    plant.add(
      simpleSpec(interval: .seconds(10)) {
        $0.correction.writeEndurance = 3
        $0.correction.contestedAfter = 100
      }
    ) { $0[4001] = 2400 }
    for _ in 0..<6 {
      plant.plcs[0][4001] = 2400
      plant.run(.seconds(60))
    }
    #expect(plant.plcs[0].writes.count == 3)
    #expect(plant.view().registers[0].refusals == [.wornOut(written: 3, endurance: 3)])
    #expect(plant.view().registers[0].wear?.left == 0)
    #expect(plant.view().message.contains("not written: worn out: 3 of 3"))
    plant.feed(.command(.sync(SyncRequest(id: 1, by: "ann", force: true))))
    plant.run(.seconds(5))
    #expect(plant.plcs[0].writes.count == 3)
    // The count outlives the process.
    var next = DeviceMachine(id: DeviceID(name: "line-1"), seed: 2)
    _ = next.step(.restore(plant.machines[0].counters(at: plant.now)), at: plant.now)
    _ = next.step(.desired(simpleSpec { $0.correction.writeEndurance = 100 }), at: plant.now)
    #expect(next.view(at: plant.now).registers[0].wear?.written == 3)
  }

  /// A drift that stood when the process ended is no new event of the next one, and began when it began.
  @Test func aDriftThatOutlivesAProcessIsCountedOnce() throws {
    let plant = VirtualPlant()
    plant.add(simpleSpec(autoCorrect: false)) { $0[4001] = 2400 }
    plant.run(.seconds(60))
    let counters = plant.machines[0].counters(at: plant.now)
    let since = try #require(plant.view().registers[0].driftSeen)
    func restarted(_ value: UInt16) -> VirtualPlant {
      let next = VirtualPlant()
      next.jumpWallClock(by: .seconds(3600))
      next.add(simpleSpec(autoCorrect: false), restoring: counters) { $0[4001] = value }
      next.run(.seconds(60))
      return next
    }
    let same = restarted(2400)
    #expect(same.view().driftEvents == 1)
    #expect(same.view().registers[0].driftSeen == since)
    #expect(same.view().status == .drifted && same.view().phase == .driftDetected)
    #expect(same.transitions().filter(\.isDrift).isEmpty)
    #expect(same.transitions().compactMap(\.refusals) == [[.autoCorrectOff]])
    let healed = restarted(2500)
    #expect(healed.view().status == .inSync && healed.view().driftEvents == 1)
    #expect(healed.transitions().contains(.driftCleared(register: 0, actual: .integer(2500))))
  }
}
