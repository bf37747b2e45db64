import Testing

@testable import Fleet

@Suite struct PackedNumbersTests {
  @Test func everyNumberComesBackAsItWas() {
    let numbers: [Double] = [
      0, 2500, -1, 65_535, 0.5, .infinity, 16_777_217, 72.3, 1e300, -.infinity, 4_294_967_295,
    ]
    for first in numbers.indices {
      var packed = PackedNumbers()
      for number in numbers[first...] { packed.append(number) }
      #expect(numbers[first...].indices.allSatisfy { packed[$0 - first] == numbers[$0] })
    }
  }

  @Test func whatWasNotReadStaysSo() {
    var packed = PackedNumbers()
    packed.append(.nan)
    packed.append(1)
    #expect(packed[0].isNaN)
    packed[1] = 0.1
    #expect(packed[0].isNaN && packed[1] == 0.1)
  }
}

@Suite struct PackedTimesTests {
  private static let month: Int64 = 31 * 86_400_000

  @Test func everyTimeComesBackAsItWas() {
    for step in [1000, -1000, 86_400_000, Self.month, -Self.month, 1 << 50] as [Int64] {
      var packed = PackedTimes()
      let times = (0..<100).map { 1_764_000_000_000 + Int64($0) * step }
      for time in times { packed.append(time) }
      #expect(times.indices.allSatisfy { packed[$0] == times[$0] }, "step \(step)")
    }
  }

  /// A ring that goes on for years: only what is in it counts.
  @Test func goesOnInFourBytesForEver() {
    var packed = PackedTimes()
    var times = (0..<8).map { Int64($0) * 86_400_000 }
    for time in times { packed.append(time) }
    for day in 8..<2000 {
      times[day % 8] = Int64(day) * 86_400_000
      packed[day % 8] = times[day % 8]
      #expect(times.indices.allSatisfy { packed[$0] == times[$0] })
    }
    #expect(!packed.isWide)
  }

  @Test func theEndsOfTheRangeDoNoHarm() {
    var packed = PackedTimes()
    for time in [0, Int64.max, .min, 5] { packed.append(time) }
    #expect([0, 1, 2, 3].map { packed[$0] } == [0, .max, .min, 5])
  }
}
