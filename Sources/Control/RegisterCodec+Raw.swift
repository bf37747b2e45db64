extension RegisterCodec {
  /// Words in some order → one number, the first word of `ABCD` being the most significant.
  static func assemble(_ words: [UInt16], at offset: Int, count: Int, order: ByteOrder) -> UInt64 {
    if count == 1 { return UInt64(words[offset]) }
    var bits: UInt64 = 0
    for index in 0..<count {
      let word = words[offset &+ (order.swapsWords ? count &- 1 &- index : index)]
      bits = bits << 16 | UInt64(order.swapsBytes ? word.byteSwapped : word)
    }
    return bits
  }

  static func disassemble(_ bits: UInt64, count: Int, order: ByteOrder) -> [UInt16] {
    if count == 1 { return [UInt16(truncatingIfNeeded: bits)] }
    var words = [UInt16](repeating: 0, count: count)
    for index in 0..<count {
      let word = UInt16(truncatingIfNeeded: bits >> UInt64((count &- 1 &- index) &* 16))
      words[order.swapsWords ? count &- 1 &- index : index] = order.swapsBytes ? word.byteSwapped : word
    }
    return words
  }

  static func integerValue(_ raw: RawInteger, spec: RegisterSpec) -> RegisterValue {
    guard spec.scaling.isIdentity else { return .real(spec.scaling.engineering(raw.number)) }
    if raw.negative { return .integer(Int64(truncatingIfNeeded: raw.bits)) }
    return Int64(exactly: raw.bits).map(RegisterValue.integer) ?? .unsigned(raw.bits)
  }

  static func rawInteger(of value: RegisterValue, as spec: RegisterSpec) throws(EncodeFailure) -> RawInteger {
    let limits = RawInteger.limits(of: spec.type)
    let range = spec.scaling.range(limits)
    let failure = EncodeFailure.outOfRange(minimum: range.lowerBound, maximum: range.upperBound)
    let scaled = try finite(value)
    let raw: RawInteger?
    if spec.scaling.isIdentity {
      switch value {
      case .integer(let exact): raw = RawInteger(exact)
      case .unsigned(let exact): raw = RawInteger(bits: exact, negative: false)
      default:
        guard scaled == scaled.rounded() else { throw .notWhole }
        raw = RawInteger(whole: scaled)
      }
    } else {
      raw = RawInteger(whole: spec.scaling.raw(scaled).rounded())
    }
    guard let raw, raw.fits(spec.type) else { throw failure }
    return raw
  }

  static func decodeText(_ words: ArraySlice<UInt16>, swapped: Bool) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(words.count &* 2)
    collect: for word in words {
      let ordered = swapped ? word.byteSwapped : word
      for byte in [UInt8(ordered >> 8), UInt8(truncatingIfNeeded: ordered)] {
        if byte == 0 { break collect }
        bytes.append(byte)
      }
    }
    while bytes.last == 0x20 { bytes.removeLast() }
    // A half character, a control character or another encoding must not reach a terminal.
    var text = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      text.unicodeScalars.append(isPrintable(scalar) ? scalar : "\u{FFFD}")
    }
    return text
  }

  static func encodeText(_ text: String, words count: Int, swapped: Bool) throws(EncodeFailure) -> [UInt16] {
    guard text.unicodeScalars.allSatisfy(isPrintable) else { throw .notPrintable }
    let bytes = Array(text.utf8)
    guard bytes.count <= count &* 2 else { throw .tooLong(bytes: bytes.count, capacity: count &* 2) }
    var words = [UInt16](repeating: 0, count: count)
    for (index, byte) in bytes.enumerated() {
      words[index / 2] |= index % 2 == 0 ? UInt16(byte) << 8 : UInt16(byte)
    }
    return swapped ? words.map(\.byteSwapped) : words
  }

  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: false
    default: true
    }
  }
}

/// An integer of at most 64 bits with its sign: two's complement `bits`, negative or not.
struct RawInteger: Hashable {
  var bits: UInt64
  var negative: Bool

  init(bits: UInt64, negative: Bool) {
    self.bits = bits
    self.negative = negative
  }

  init(_ value: Int64) { self.init(bits: UInt64(bitPattern: value), negative: value < 0) }

  /// A whole number; `nil` when 64 bits cannot hold it.
  init?(whole value: Double) {
    if let signed = Int64(exactly: value) {
      self.init(signed)
    } else if let unsigned = UInt64(exactly: value) {
      self.init(bits: unsigned, negative: false)
    } else {
      return nil
    }
  }

  /// Bits as they came from the wire.
  init(bits: UInt64, type: RegisterType) {
    switch type {
    case .int16: self.init(Int64(Int16(truncatingIfNeeded: bits)))
    case .int32: self.init(Int64(Int32(truncatingIfNeeded: bits)))
    case .int64: self.init(Int64(bitPattern: bits))
    default: self.init(bits: bits, negative: false)
    }
  }

  var number: Double { negative ? Double(Int64(bitPattern: bits)) : Double(bits) }

  /// Distance to another integer, without overflow.
  func distance(to other: RawInteger) -> UInt64 {
    if negative == other.negative { return bits > other.bits ? bits &- other.bits : other.bits &- bits }
    let (up, down) = negative ? (other.bits, self.bits) : (self.bits, other.bits)
    let (sum, overflow) = up.addingReportingOverflow(0 &- down)
    return overflow ? .max : sum
  }

  /// This integer moved by `amount` up or down; `nil` when 64 bits cannot hold it.
  func moved(by amount: UInt64, up: Bool) -> RawInteger? {
    let wide = up ? bits.addingReportingOverflow(amount) : bits.subtractingReportingOverflow(amount)
    if !negative {
      if !wide.overflow { return RawInteger(bits: wide.partialValue, negative: false) }
      guard !up else { return nil }
      let below = amount &- bits
      return below <= 1 << 63 ? RawInteger(bits: 0 &- below, negative: true) : nil
    }
    let magnitude = 0 &- bits
    if up {
      return amount >= magnitude
        ? RawInteger(bits: amount &- magnitude, negative: false)
        : RawInteger(bits: bits &+ amount, negative: true)
    }
    let (sum, overflow) = magnitude.addingReportingOverflow(amount)
    return overflow || sum > 1 << 63 ? nil : RawInteger(bits: 0 &- sum, negative: true)
  }

  func fits(_ type: RegisterType) -> Bool {
    let signed = Int64(bitPattern: bits)
    return switch type {
    case .uint16: !negative && bits <= UInt64(UInt16.max)
    case .uint32: !negative && bits <= UInt64(UInt32.max)
    case .uint64: !negative
    case .int16: (negative || bits <= 1 << 62) && Int16(exactly: signed) != nil
    case .int32: (negative || bits <= 1 << 62) && Int32(exactly: signed) != nil
    case .int64: negative || bits <= UInt64(Int64.max)
    case .bool, .string, .float32, .float64: false
    }
  }

  static func limits(of type: RegisterType) -> ClosedRange<Double> {
    switch type {
    case .uint16: 0...Double(UInt16.max)
    case .int16: Double(Int16.min)...Double(Int16.max)
    case .uint32: 0...Double(UInt32.max)
    case .int32: Double(Int32.min)...Double(Int32.max)
    case .uint64: 0...Double(UInt64.max)
    case .int64: Double(Int64.min)...Double(Int64.max)
    case .float32: -Double(Float.greatestFiniteMagnitude)...Double(Float.greatestFiniteMagnitude)
    case .float64: -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    case .bool, .string: 0...1
    }
  }
}
