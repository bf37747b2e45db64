/// Words on the wire ↔ values in engineering units.
///
/// Multi-word values follow `ByteOrder`. Single words have no order. A string has its first character in the
/// high byte of its first word, or in the low byte with `BADC` and `DCBA`; its words are never reversed.
public enum RegisterCodec {
  /// The value that `words[offset...]` hold; `nil` when there are too few words.
  public static func decode(_ words: [UInt16], at offset: Int = 0, as spec: RegisterSpec) -> RegisterValue? {
    let count = spec.layoutWords
    guard offset >= 0, words.count &- offset >= count else { return nil }
    if spec.table.isBits { return .bool(words[offset] != 0) }
    switch spec.type {
    case .bool:
      guard let bit = spec.bit else { return .bool(words[offset] != 0) }
      return .bool(words[offset] & mask(ofBit: bit) != 0)
    case .string:
      return .text(decodeText(words[offset..<(offset &+ count)], swapped: spec.order.swapsBytes))
    case .float32:
      let bits = UInt32(truncatingIfNeeded: assemble(words, at: offset, count: 2, order: spec.order))
      return .real(spec.scaling.engineering(Double(Float(bitPattern: bits))))
    case .float64:
      let bits = assemble(words, at: offset, count: 4, order: spec.order)
      return .real(spec.scaling.engineering(Double(bitPattern: bits)))
    case .uint16, .int16, .uint32, .int32, .uint64, .int64:
      let bits = assemble(words, at: offset, count: count, order: spec.order)
      return integerValue(RawInteger(bits: bits, type: spec.type), spec: spec)
    }
  }

  /// The words that hold a value. A bit of a word is set or cleared in `before` (else in 0).
  ///
  /// An integer register without scaling takes whole numbers only; a scaled one takes the nearest raw value.
  public static func encode(
    _ value: RegisterValue, as spec: RegisterSpec, over before: [UInt16]? = nil
  ) throws(EncodeFailure) -> [UInt16] {
    if spec.table.isBits || spec.type == .bool {
      let state = try truth(of: value)
      guard !spec.table.isBits, let bit = spec.bit else { return [state ? 1 : 0] }
      let word = before?.first ?? 0
      return [state ? word | mask(ofBit: bit) : word & ~mask(ofBit: bit)]
    }
    switch spec.type {
    case .string:
      guard case .text(let text) = value else { throw .wrongKind(expected: "text") }
      return try encodeText(text, words: spec.layoutWords, swapped: spec.order.swapsBytes)
    case .float32:
      let raw = spec.scaling.raw(try finite(value))
      let limit = Double(Float.greatestFiniteMagnitude)
      guard Float(raw).isFinite else { throw .outOfRange(minimum: -limit, maximum: limit) }
      return disassemble(UInt64(Float(raw).bitPattern), count: 2, order: spec.order)
    case .float64:
      let raw = spec.scaling.raw(try finite(value))
      let limit = Double.greatestFiniteMagnitude
      guard raw.isFinite else { throw .outOfRange(minimum: -limit, maximum: limit) }
      return disassemble(raw.bitPattern, count: 4, order: spec.order)
    default:
      let raw = try rawInteger(of: value, as: spec)
      return disassemble(raw.bits, count: spec.layoutWords, order: spec.order)
    }
  }

  /// The bits of the word that a register covers, when it is a bit of a word.
  public static func bitMask(of spec: RegisterSpec) -> UInt16? {
    guard !spec.table.isBits, spec.type == .bool, let bit = spec.bit else { return nil }
    return mask(ofBit: bit)
  }

  static func mask(ofBit bit: UInt8) -> UInt16 { 1 << UInt16(bit & 15) }

  static func truth(of value: RegisterValue) throws(EncodeFailure) -> Bool {
    switch value {
    case .bool(let state): return state
    case .integer(0), .real(0): return false
    case .integer(1), .real(1): return true
    default: throw .wrongKind(expected: "true or false")
    }
  }

  static func finite(_ value: RegisterValue) throws(EncodeFailure) -> Double {
    guard let number = value.number, !value.isBool else { throw .wrongKind(expected: "a number") }
    guard number.isFinite else { throw .notANumber }
    return number
  }
}

/// Why a value cannot be written into a register.
public enum EncodeFailure: Error, Hashable, Sendable, CustomStringConvertible {
  /// Outside what the type can hold, in engineering units.
  case outOfRange(minimum: Double, maximum: Double)
  /// NaN or infinite.
  case notANumber
  /// A fraction for a whole-number register without scaling.
  case notWhole
  case wrongKind(expected: String)
  /// Text longer than the register, in bytes of UTF-8.
  case tooLong(bytes: Int, capacity: Int)
  /// Control characters in a text.
  case notPrintable

  public var description: String {
    switch self {
    case .outOfRange(let minimum, let maximum):
      "outside the type's range \(plainDecimal(minimum)) to \(plainDecimal(maximum))"
    case .notANumber: "not a finite number"
    case .notWhole: "not a whole number"
    case .wrongKind(let expected): "not \(expected)"
    case .tooLong(let bytes, let capacity): "\(bytes) bytes do not fit into \(capacity)"
    case .notPrintable: "contains control characters"
    }
  }
}

extension ByteOrder {
  var swapsBytes: Bool { self == .badc || self == .dcba }
  var swapsWords: Bool { self == .cdab || self == .dcba }
}

extension RegisterValue {
  var isBool: Bool {
    if case .bool = self { return true }
    return false
  }
}
