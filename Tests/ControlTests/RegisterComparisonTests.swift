import Testing

@testable import Control

@Suite struct RegisterComparisonTests {
  @Test func scaledValuesCompareRaw() throws {
    let spec = RegisterSpec(name: "r", address: 0, scale: 0.1, desired: .real(72.5))
    #expect(try RegisterCodec.encode(.real(72.5), as: spec) == [725])
    #expect(RegisterCodec.isInSync([725], as: spec) == true)
    #expect(RegisterCodec.isInSync([726], as: spec) == false)
    // Every tenth that a manifest may name is the very double that the device's raw value gives.
    for raw in UInt16.min...UInt16.max where raw % 7 == 0 {
      let text = fixedDecimal(Double(raw) / 10, decimals: 1)
      let desired = try #require(Double(text))
      #expect(RegisterCodec.decode([raw], as: spec) == .real(desired))
    }
  }

  @Test func toleranceIsInclusive() {
    let spec = RegisterSpec(name: "r", address: 0, scale: 0.1, desired: .real(72.5), tolerance: 0.5)
    #expect((720...730).allSatisfy { RegisterCodec.isInSync([$0], as: spec) == true })
    #expect(RegisterCodec.isInSync([719], as: spec) == false)
    #expect(RegisterCodec.isInSync([731], as: spec) == false)
    let plain = RegisterSpec(name: "r", address: 0, desired: .integer(100), tolerance: 2.9)
    #expect(RegisterCodec.isInSync([102], as: plain) == true)
    #expect(RegisterCodec.isInSync([97], as: plain) == false)
  }

  @Test func floatsCompareAsTheRegisterHoldsThem() throws {
    let spec = RegisterSpec(name: "r", address: 0, type: .float32, desired: .real(72.3))
    let words = try RegisterCodec.encode(.real(72.3), as: spec)
    #expect(RegisterCodec.isInSync(words, as: spec) == true)
    #expect(RegisterCodec.isInSync([words[0], words[1] ^ 1], as: spec) == false)
    #expect(RegisterCodec.isInSync([0x7FC0, 0], as: spec) == false)
    #expect(RegisterCodec.isInSync([0x7F80, 0], as: spec) == false)
    let zero = RegisterSpec(name: "r", address: 0, type: .float32, desired: .integer(0))
    #expect(RegisterCodec.isInSync([0x8000, 0], as: zero) == true)
    let loose = RegisterSpec(
      name: "r", address: 0, type: .float32, desired: .real(72.5), tolerance: .infinity)
    #expect(RegisterCodec.isInSync([0x7FC0, 0], as: loose) == false)
  }

  @Test func nothingDesiredIsNoVerdict() {
    #expect(RegisterCodec.isInSync([1], as: RegisterSpec(name: "r", address: 0)) == nil)
  }

  @Test func whatCannotBeHeldIsNeverInSync() {
    let spec = RegisterSpec(name: "r", address: 0, desired: .integer(70_000))
    #expect((0..<65_536).allSatisfy { RegisterCodec.isInSync([UInt16($0)], as: spec) == false })
    let nan = RegisterSpec(name: "r", address: 0, type: .float64, desired: .real(.nan), tolerance: 1e300)
    #expect(RegisterCodec.isInSync([0x7FF8, 0, 0, 0], as: nan) == false)
  }

  @Test func rawIntegersMeasureAndMoveWithoutOverflow() {
    let low = RawInteger(.min)
    let high = RawInteger(bits: .max, negative: false)
    #expect(low.distance(to: RawInteger(.max)) == .max)
    #expect(low.distance(to: high) == .max)
    #expect(RawInteger(-5).distance(to: RawInteger(7)) == 12)
    #expect(RawInteger(7).distance(to: RawInteger(-5)) == 12)
    #expect(RawInteger(-5).moved(by: 7, up: true) == RawInteger(2))
    #expect(RawInteger(-5).moved(by: 5, up: true) == RawInteger(0))
    #expect(RawInteger(-9).moved(by: 7, up: true) == RawInteger(-2))
    #expect(RawInteger(2).moved(by: 7, up: false) == RawInteger(-5))
    #expect(RawInteger(-2).moved(by: 7, up: false) == RawInteger(-9))
    #expect(low.moved(by: 1, up: false) == nil)
    #expect(high.moved(by: 1, up: true) == nil)
    #expect(RawInteger(0).moved(by: 1 << 63, up: false) == low)
  }
}
