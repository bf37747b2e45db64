import Testing

@testable import Control

@Suite struct RegisterValueFormatTests {
  @Test func decimalsFollowTheScale() {
    let tenth = RegisterSpec(name: "r", address: 0, scale: 0.1, unit: "°C")
    #expect(RegisterValue.real(72.5).formatted(tenth) == "72.5")
    #expect(RegisterValue.real(72).formatted(tenth) == "72.0")
    #expect(RegisterValue.real(-0.04).formatted(tenth) == "0.0")
    #expect(RegisterValue.real(-0.5).formattedWithUnit(tenth) == "-0.5 °C")
    let quarter = RegisterSpec(name: "r", address: 0, scale: 0.25)
    #expect(RegisterValue.real(3.75).formatted(quarter) == "3.75")
    let shifted = RegisterSpec(name: "r", address: 0, scale: 1, offset: -273.15)
    #expect(RegisterValue.real(26.85).formatted(shifted) == "26.85")
    let thousand = RegisterSpec(name: "r", address: 0, scale: 1000)
    #expect(RegisterValue.real(65_535_000).formatted(thousand) == "65535000")
  }

  @Test func floatsShowTheirShortestDigits() {
    let float = RegisterSpec(name: "r", address: 0, type: .float32)
    #expect(RegisterValue.real(Double(Float(72.3))).formatted(float) == "72.3")
    #expect(RegisterValue.real(Double(Float(1e10))).formatted(float) == "10000000000")
    #expect(RegisterValue.real(Double(Float(1.5e-7))).formatted(float) == "0.00000015")
    #expect(RegisterValue.real(.nan).formatted(float) == "NaN")
    let double = RegisterSpec(name: "r", address: 0, type: .float64)
    #expect(RegisterValue.real(0.1 + 0.2).formatted(double) == "0.3")
    #expect(RegisterValue.real(-1234.5).formatted(double) == "-1234.5")
    #expect(RegisterValue.real(1.5e16).formatted(double) == "15000000000000000")
    #expect(RegisterValue.real(0).formatted(double) == "0")
    #expect(RegisterValue.real(-.infinity).formatted(double) == "-∞")
  }

  @Test func wholeNumbersAreExact() {
    let spec = RegisterSpec(name: "r", address: 0, type: .uint64)
    #expect(RegisterValue.unsigned(.max).formatted(spec) == "18446744073709551615")
    #expect(RegisterValue.integer(-7).formatted(spec) == "-7")
    #expect(RegisterValue.bool(true).formatted(spec) == "true")
    #expect(RegisterValue.text("a b").formatted(spec) == "a b")
  }

  @Test func anyNumberCanBeWritten() throws {
    var random = SplitMix64(seed: 4)
    let spec = RegisterSpec(name: "r", address: 0, type: .float64)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      let text = RegisterValue.real(value).formatted(spec)
      guard value.isFinite else { continue }
      let back = try #require(Double(text))
      #expect(abs(back - value) <= max(abs(value) * 1e-9, 1e-9), "\(value) as \(text)")
    }
  }
}
