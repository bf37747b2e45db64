import Testing

@testable import MockPLC

@Suite struct ElapsedTests {
  @Test(arguments: [
    ("20ms", 20_000_000), ("1.5s", 1_500_000_000), ("250us", 250_000), ("250µs", 250_000),
    ("2m", 120_000_000_000),
    ("2min", 120_000_000_000), ("1h", 3_600_000_000_000), ("10", 10_000_000_000), ("0", 0),
  ])
  func readsTimes(text: String, nanoseconds: Int64) {
    #expect(Elapsed(text: text)?.nanoseconds == nanoseconds)
  }

  @Test(arguments: [
    "", "s", "ms", "-1s", "1e400", "nan", "inf", "5 s", "1..5s", "99999999999h", "0x10", "5d",
  ])
  func refusesOtherText(text: String) {
    #expect(Elapsed(text: text) == nil)
  }

  @Test func sumsSaturate() {
    #expect(Elapsed.never + .seconds(1) == .never)
    #expect(Elapsed.seconds(1e300) == .never)
    #expect(Elapsed.seconds(.nan) == .zero)
    #expect(Elapsed.seconds(10).times(.max) == .never)
    #expect((Elapsed(nanoseconds: .min) - .seconds(1)).nanoseconds == .min)
  }

  @Test func logTextHasMilliseconds() {
    #expect(Elapsed.seconds(12.04).logText == "12.040")
    #expect(Elapsed.zero.logText == "0.000")
    #expect(Elapsed(nanoseconds: 999_999).logText == "0.000")
  }
}

@Suite struct SeedTests {
  @Test func equalSeedsDrawEqually() {
    #expect((0..<100).map { Seed(7).bits($0) } == (0..<100).map { Seed(7).bits($0) })
    #expect(Seed(7).bits(0) != Seed(8).bits(0))
    #expect(Seed(7).derived("a").value != Seed(7).derived("b").value)
    #expect(Seed(7).derived(0).value != Seed(7).derived(1).value)
  }

  @Test func fractionsCoverTheUnitInterval() {
    let draws = (0..<10_000).map { Seed(42).fraction($0) }
    #expect(draws.allSatisfy { $0 >= 0 && $0 < 1 })
    #expect(abs(draws.reduce(0, +) / 10_000 - 0.5) < 0.02)
  }

  @Test func normalDrawsHaveDeviationOne() {
    let draws = (0..<10_000).map { Seed(42).normal($0) }
    let mean = draws.reduce(0, +) / 10_000
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000
    #expect(abs(mean) < 0.05)
    #expect(abs(variance - 1) < 0.05)
    #expect(draws.allSatisfy { abs($0) < 3.5 })
  }
}

@Suite struct ValueFormatTests {
  @Test func knownEncodings() {
    #expect(ValueFormat(.int16).encode(.integer(-2)) == [0xFFFE])
    #expect(ValueFormat(.uint32).encode(.integer(0x1234_5678)) == [0x1234, 0x5678])
    #expect(ValueFormat(.uint32, order: .cdab).encode(.integer(0x1234_5678)) == [0x5678, 0x1234])
    #expect(ValueFormat(.uint32, order: .badc).encode(.integer(0x1234_5678)) == [0x3412, 0x7856])
    #expect(ValueFormat(.uint32, order: .dcba).encode(.integer(0x1234_5678)) == [0x7856, 0x3412])
    #expect(ValueFormat(.float32).encode(.real(1.5)) == [0x3FC0, 0x0000])
    #expect(ValueFormat(.float64).encode(.real(-2)) == [0xC000, 0, 0, 0])
    #expect(ValueFormat(.int16, scale: 0.1).encode(.real(-4)) == [UInt16(bitPattern: -40)])
    #expect(ValueFormat(.uint16, scale: 0.5, offset: 10).encode(.real(20)) == [20])
    #expect(ValueFormat(.string, length: 3).encode(.text("AB1")) == [0x4142, 0x3100, 0])
    #expect(ValueFormat(.uint64).encode(.unsigned(.max)) == [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF])
    #expect(ValueFormat(.bool).encode(.bool(true)) == [1])
  }

  @Test func valuesBeyondTheTypeAreClamped() {
    #expect(ValueFormat(.uint16).encode(.integer(70_000)) == [65_535])
    #expect(ValueFormat(.uint16).encode(.integer(-1)) == [0])
    #expect(ValueFormat(.int32).encode(.real(1e30)) == [0x7FFF, 0xFFFF])
    #expect(ValueFormat(.uint64).encode(.real(.infinity)) == [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF])
    #expect(ValueFormat(.int64).encode(.real(.nan)) == [0, 0, 0, 0])
  }

  @Test func whatWasEncodedIsDecoded() {
    for order in ValueFormat.Order.allCases {
      for kind in ValueFormat.Kind.allCases where kind != .string && kind != .bool {
        let format = ValueFormat(kind, order: order)
        let value: MockValue = kind == .float32 || kind == .float64 ? .real(12_345) : .integer(12_345)
        #expect(format.decode(format.encode(value)[...]) == value, "\(kind) \(order)")
      }
      let text = ValueFormat(.string, order: order, length: 4)
      #expect(text.decode(text.encode(.text("Straße"))[...]) == .text("Straße"))
    }
    #expect(ValueFormat(.uint64).decode([0xFFFF, 0, 0, 1]) == .unsigned(0xFFFF_0000_0000_0001))
    #expect(ValueFormat(.uint32).decode([1]) == nil)
  }
}
