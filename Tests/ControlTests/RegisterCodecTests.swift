import Testing

@testable import Control

@Suite struct RegisterCodecTests {
  static let numeric: [RegisterType] = [
    .uint16, .int16, .uint32, .int32, .uint64, .int64, .float32, .float64,
  ]

  @Test(arguments: numeric, ByteOrder.allCases)
  func anyWordsSurviveARoundTrip(type: RegisterType, order: ByteOrder) throws {
    let seed: UInt64 = 0x5EED
    var random = SplitMix64(seed: seed)
    let spec = RegisterSpec(name: "r", address: 0, type: type, order: order)
    for round in 0..<2000 {
      let words = (0..<spec.wordCount).map { _ in UInt16(truncatingIfNeeded: random.next()) }
      let value = try #require(RegisterCodec.decode(words, as: spec))
      if let number = value.number, !number.isFinite {
        #expect(throws: EncodeFailure.self) { try RegisterCodec.encode(value, as: spec) }
        continue
      }
      let again = try RegisterCodec.encode(value, as: spec)
      #expect(again == words, "seed \(seed) round \(round) \(value)")
      #expect(RegisterCodec.matches(value, value, tolerance: 0, as: spec))
    }
  }

  @Test(arguments: numeric)
  func scaledValuesSurviveARoundTrip(type: RegisterType) throws {
    var random = SplitMix64(seed: 77)
    for (scale, offset) in [(0.1, 0.0), (0.01, -40), (0.25, 3), (2.5, 100), (-0.1, 0), (1, -273.15)] {
      let spec = RegisterSpec(name: "r", address: 0, type: type, scale: scale, offset: offset)
      for _ in 0..<500 {
        let raw = Int(random.next(below: 30_000))
        let value = RegisterValue.real(spec.scaling.engineering(Double(raw)))
        let words = try RegisterCodec.encode(value, as: spec)
        let back = try #require(RegisterCodec.decode(words, as: spec))
        #expect(RegisterCodec.matches(back, value, tolerance: 0, as: spec), "\(type) \(scale) \(raw) \(back)")
      }
    }
  }

  @Test func ordersAreThoseOfTheModbusWorld() throws {
    func words(_ order: ByteOrder) throws -> [UInt16] {
      try RegisterCodec.encode(
        .integer(0x0A0B_0C0D), as: RegisterSpec(name: "r", address: 0, type: .uint32, order: order))
    }
    #expect(try words(.abcd) == [0x0A0B, 0x0C0D])
    #expect(try words(.cdab) == [0x0C0D, 0x0A0B])
    #expect(try words(.badc) == [0x0B0A, 0x0D0C])
    #expect(try words(.dcba) == [0x0D0C, 0x0B0A])
    let wide = RegisterSpec(name: "r", address: 0, type: .uint64, order: .cdab)
    #expect(try RegisterCodec.encode(.integer(0x0001_0002_0003_0004), as: wide) == [4, 3, 2, 1])
    let float = RegisterSpec(name: "r", address: 0, type: .float32)
    #expect(try RegisterCodec.encode(.real(72.5), as: float) == [0x4291, 0x0000])
  }

  @Test func integersStayExact() throws {
    let signed = RegisterSpec(name: "r", address: 0, type: .int64)
    let unsigned = RegisterSpec(name: "r", address: 0, type: .uint64)
    #expect(RegisterCodec.decode([0x7FFF, 0xFFFF, 0xFFFF, 0xFFFF], as: unsigned) == .integer(.max))
    #expect(RegisterCodec.decode([0x8000, 0, 0, 0], as: unsigned) == .unsigned(1 << 63))
    #expect(RegisterCodec.decode([0x8000, 0, 0, 0], as: signed) == .integer(.min))
    #expect(!RegisterCodec.matches(.integer(.max), .integer(.max - 1), tolerance: 0, as: signed))
    #expect(RegisterCodec.matches(.integer(.max), .integer(.max - 1), tolerance: 1, as: signed))
    #expect(!RegisterCodec.matches(.integer(.min), .integer(.max), tolerance: 1e18, as: signed))
    #expect(RegisterCodec.matches(.unsigned(.max), .unsigned(.max - 3), tolerance: 3, as: unsigned))
  }

  @Test func refusesWhatDoesNotFit() {
    func failure(_ value: RegisterValue, _ type: RegisterType, scale: Double = 1) -> EncodeFailure? {
      do throws(EncodeFailure) {
        _ = try RegisterCodec.encode(value, as: RegisterSpec(name: "r", address: 0, type: type, scale: scale))
        return nil
      } catch { return error }
    }
    #expect(failure(.integer(65_536), .uint16) == .outOfRange(minimum: 0, maximum: 65_535))
    #expect(failure(.integer(-1), .uint16) == .outOfRange(minimum: 0, maximum: 65_535))
    #expect(failure(.integer(-32_769), .int16) == .outOfRange(minimum: -32_768, maximum: 32_767))
    #expect(failure(.real(6553.6), .uint16, scale: 0.1) == .outOfRange(minimum: 0, maximum: 6553.5))
    #expect(failure(.real(.nan), .float32) == .notANumber)
    #expect(failure(.real(.infinity), .float64) == .notANumber)
    #expect(failure(.real(1e39), .float32) != nil)
    #expect(failure(.real(2500.5), .uint16) == .notWhole)
    #expect(failure(.real(2500), .uint16) == nil)
    #expect(failure(.real(1e300), .int64) != nil)
    #expect(failure(.unsigned(.max), .int64) != nil)
    #expect(failure(.unsigned(.max), .uint64) == nil)
    #expect(failure(.text("5"), .uint16) == .wrongKind(expected: "a number"))
    #expect(failure(.bool(true), .uint16) == .wrongKind(expected: "a number"))
    #expect(failure(.integer(2), .bool) == .wrongKind(expected: "true or false"))
  }

  @Test func bitsChangeOnlyThemselves() throws {
    let spec = RegisterSpec(name: "r", address: 0, type: .bool, bit: 3, desired: .bool(true))
    #expect(try RegisterCodec.encode(.bool(true), as: spec, over: [0xF0F0]) == [0xF0F8])
    #expect(try RegisterCodec.encode(.bool(false), as: spec, over: [0xFFFF]) == [0xFFF7])
    #expect(RegisterCodec.bitMask(of: spec) == 8)
    #expect(RegisterCodec.isInSync([0x0008], as: spec) == true)
    #expect(RegisterCodec.isInSync([0xFFF7], as: spec) == false)
    let coil = RegisterSpec(name: "c", address: 0, table: .coil, type: .bool)
    #expect(RegisterCodec.decode([1], as: coil) == .bool(true))
    #expect(try RegisterCodec.encode(.integer(1), as: coil) == [1])
    let whole = RegisterSpec(name: "w", address: 0, type: .bool)
    #expect(RegisterCodec.decode([5], as: whole) == .bool(true))
  }

  @Test func textEndsAtItsPadding() throws {
    func spec(_ order: ByteOrder) -> RegisterSpec {
      RegisterSpec(name: "t", address: 0, type: .string, order: order, length: 4)
    }
    #expect(try RegisterCodec.encode(.text("ABC"), as: spec(.abcd)) == [0x4142, 0x4300, 0, 0])
    #expect(try RegisterCodec.encode(.text("ABC"), as: spec(.badc)) == [0x4241, 0x0043, 0, 0])
    #expect(RegisterCodec.decode([0x4142, 0x4320, 0x2020, 0x2020], as: spec(.abcd)) == .text("ABC"))
    #expect(RegisterCodec.decode([0x4142, 0x0058, 0x5858, 0x5858], as: spec(.abcd)) == .text("AB"))
    #expect(
      RegisterCodec.decode([0x411B, 0x5B41, 0xFF00, 0], as: spec(.abcd)) == .text("A\u{FFFD}[A\u{FFFD}"))
    #expect(throws: EncodeFailure.tooLong(bytes: 9, capacity: 8)) {
      try RegisterCodec.encode(.text("ABCDEFGHI"), as: spec(.abcd))
    }
    #expect(throws: EncodeFailure.notPrintable) {
      try RegisterCodec.encode(.text("A\u{1B}"), as: spec(.abcd))
    }
    for text in ["", "line 7", "Öl°C", "12345678"] {
      for order in ByteOrder.allCases {
        let words = try RegisterCodec.encode(.text(text), as: spec(order))
        #expect(RegisterCodec.decode(words, as: spec(order)) == .text(text))
      }
    }
  }

  @Test func tooFewWordsAreNoValue() {
    #expect(RegisterCodec.decode([], as: RegisterSpec(name: "r", address: 0)) == nil)
    #expect(RegisterCodec.decode([1], as: RegisterSpec(name: "r", address: 0, type: .float32)) == nil)
    #expect(
      RegisterCodec.decode([1, 2], at: 1, as: RegisterSpec(name: "r", address: 0, type: .uint32)) == nil)
    #expect(RegisterCodec.decode([1, 2], at: -1, as: RegisterSpec(name: "r", address: 0)) == nil)
  }

  @Test func layoutFollowsTheSpecification() {
    let layout = RegisterLayout([
      RegisterSpec(name: "a", address: 0, type: .float32),
      RegisterSpec(name: "b", address: 9, table: .coil, type: .bool),
      RegisterSpec(name: "c", address: 20, type: .string, length: 3), RegisterSpec(name: "d", address: 30),
    ])
    #expect(layout.wordCount == 7)
    #expect((0..<4).map(layout.range) == [0..<2, 2..<3, 3..<6, 6..<7])
    #expect(layout.range(of: 4).isEmpty)
    #expect(layout.range(of: -1).isEmpty)
  }
}
