import Testing

@testable import Control

/// What is done to the civil clock: summer time, a clock set back, a leap of ten years. No write outside a window,
/// no poll missed, no silence ended early.
@Suite struct ClockChangeTests {
  /// Drifts again and again; the reads stand on their grid throughout.
  private func plant(_ schedule: String, _ minutes: Int, from start: Int64) throws -> VirtualPlant {
    let plant = VirtualPlant()
    plant.jumpWallClock(by: WallTime(milliseconds: start * 1000) - plant.now.wall)
    let window = CorrectionWindow(
      schedule: try CronSchedule(parsing: schedule), durationMinutes: minutes, zone: berlin)
    plant.add(
      simpleSpec {
        $0.correction.windows = [window]
        $0.correction.maxWritesPerHour = 3600
        $0.correction.contestedAfter = 100
      }
    ) { $0[4001] = 2400 }
    return plant
  }

  /// Runs in steps of a minute, with a new drift in each; the civil times of the writes.
  private func minutes(_ count: Int, _ plant: VirtualPlant) -> [WallTime] {
    var times: [WallTime] = []
    for _ in 0..<count {
      let before = plant.plcs[0].writes.count
      plant.plcs[0][4001] = 2400
      plant.run(.seconds(60))
      for write in plant.plcs[0].writes.dropFirst(before) {
        times.append(plant.now.wall + (write.at - plant.now.instant))
      }
    }
    return times
  }

  private func expectEveryPoll(_ plant: VirtualPlant) {
    let reads = plant.plcs[0].reads
    for (later, earlier) in zip(reads.dropFirst(), reads) {
      #expect((later - earlier).seconds <= 5, "no read for \((later - earlier).brief)")
    }
    let violations = plant.transitions().filter(\.isViolation)
    #expect(violations.isEmpty)
  }

  private func expectInside(_ times: [WallTime], _ from: Int64, _ to: Int64) {
    #expect(times.count > 15, "the window was used")
    for time in times {
      let second = time.milliseconds / 1000
      #expect(second >= from && second < to, "\(time.rfc3339)")
    }
  }

  /// 02:30 does not exist on that day: the window begins when the skipped hour is over, at 01:00 UTC.
  @Test func summerTimeBegins() throws {
    let plant = try plant("30 2 * * *", 30, from: utc(2026, 3, 29, 0, 20))
    expectInside(minutes(120, plant), utc(2026, 3, 29, 1), utc(2026, 3, 29, 1, 30))
    expectEveryPoll(plant)
  }

  /// 02:30 comes twice on that day: the window opens once.
  @Test func summerTimeEnds() throws {
    let plant = try plant("30 2 * * *", 30, from: utc(2026, 10, 24, 23, 50))
    expectInside(minutes(150, plant), utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1))
    expectEveryPoll(plant)
  }

  @Test func theClockIsSetBackAnHourInsideAWindow() throws {
    let plant = try plant("0 2 * * *", 30, from: utc(2026, 7, 1, 0, 10))
    expectInside(
      minutes(10, plant) + minutes(10, plant) + minutes(5, plant), utc(2026, 7, 1), utc(2026, 7, 1, 0, 30))
    plant.jumpWallClock(by: .seconds(-3600))
    // 01:35 again: closed, until it is 02:00 on the wall for the second time.
    #expect(minutes(24, plant).isEmpty)
    expectInside(minutes(60, plant), utc(2026, 7, 1), utc(2026, 7, 1, 0, 30))
    expectEveryPoll(plant)
  }

  @Test func theClockLeapsFromThisDecadeIntoTheNext() throws {
    let plant = try plant("0 2 * * *", 30, from: utc(2026, 7, 1, 1))
    #expect(minutes(10, plant).isEmpty)
    plant.jumpWallClock(by: WallTime(milliseconds: utc(2036, 7, 1, 12) * 1000) - plant.now.wall)
    #expect(minutes(60, plant).isEmpty)
    plant.jumpWallClock(by: WallTime(milliseconds: utc(2026, 7, 1, 23) * 1000) - plant.now.wall)
    // A zone's table that has ended keeps its last offset.
    expectInside(minutes(180, plant), utc(2026, 7, 2), utc(2026, 7, 2, 0, 30))
    expectEveryPoll(plant)
  }

  /// Two hours of silence are two hours: no leap of the clock lets writes out early or keeps them in.
  @Test(arguments: [-315_576_000, -3600, 3600, 315_576_000])
  func aShelfLastsAsLongAsItWasOrdered(jump: Int) {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2400 }
    plant.feed(
      .command(
        .shelve(
          Shelf(by: "bob", since: plant.now.wall, until: plant.now.wall + .seconds(7200), reason: "valve"))))
    plant.run(.seconds(600))
    plant.jumpWallClock(by: .seconds(jump))
    plant.run(.seconds(6590))
    #expect(plant.plcs[0].writes.isEmpty)
    #expect(plant.view().status == .shelved)
    // What is told is when it will end on the clock that people look at.
    let left = plant.view().shelf.map { $0.until - plant.now.wall }
    #expect(left == .seconds(10))
    plant.run(.seconds(11))
    #expect(plant.plcs[0][4001] == 2500)
  }

  /// A process that starts while the clock is wrong has only civil times: never longer than was ordered.
  @Test func aRestoredShelfIsNeverLongerThanItWasOrdered() {
    let plant = VirtualPlant()
    plant.add(simpleSpec()) { $0[4001] = 2400 }
    let ordered = plant.now.wall + .seconds(315_576_000)
    plant.feed(
      .command(.shelve(Shelf(by: "bob", since: ordered, until: ordered + .seconds(300), reason: "valve"))))
    plant.run(.seconds(290))
    #expect(plant.plcs[0].writes.isEmpty)
    plant.run(.seconds(20))
    #expect(plant.plcs[0][4001] == 2500)
  }
}
