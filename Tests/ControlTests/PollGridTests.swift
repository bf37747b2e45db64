import Testing

@testable import Control

@Suite struct PollGridTests {
  private let interval = TimeSpan.seconds(1)
  private let start = Instant(nanoseconds: 5_000_000_123)

  private func polls(_ count: Int, slots: Int?) -> [Int64] {
    (0..<count).map { number in
      PollGrid(interval: interval, id: DeviceID(name: "plc-\(number)"), slots: slots)
        .next(after: start).nanoseconds
    }
  }

  @Test func oneSlotIsOneMoment() {
    #expect(Set(polls(100, slots: 1)) == [6_000_000_000])
  }

  @Test func slotsAreSpreadOverTheInterval() {
    let moments = Set(polls(1000, slots: 31))
    #expect(moments.count == 31)
    #expect(moments.allSatisfy { $0 > start.nanoseconds && $0 <= start.nanoseconds + 1_000_000_000 })
    #expect(moments.allSatisfy { $0 % 1_000_000_000 % (1_000_000_000 / 31) == 0 })
  }

  @Test func withoutSlotsNoTwoMeet() { #expect(Set(polls(1000, slots: nil)).count == 1000) }

  @Test(arguments: [Int.min, -1, 0, 1, 2, Int.max])
  func anyNumberOfSlotsKeepsTheInterval(_ slots: Int) {
    let grid = PollGrid(interval: interval, id: DeviceID(name: "plc"), slots: slots)
    var time = start
    for _ in 0..<5 {
      let next = grid.next(after: time)
      #expect(next > time && next - time <= interval)
      #expect(grid.next(after: next) - next == interval)
      time = next
    }
  }
}
