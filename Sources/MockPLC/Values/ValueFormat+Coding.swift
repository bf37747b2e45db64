extension ValueFormat {
  /// The words that hold `value`, clamped to what the type can show. `bit` values give the whole word 0 or 1;
  /// the image changes one bit only (see ``UnitImage``).
  public func encode(_ value: MockValue) -> [UInt16] {
    switch (kind, value) {
    case (.string, .text(let text)): return words(ofText: text)
    case (.string, _): return words(ofText: "")
    case (.bool, _): return [(value.number ?? 0) != 0 ? 1 : 0]
    case (.float32, _):
      return ordered(UInt64(Float(scaled(value)).bitPattern), words: 2)
    case (.float64, _):
      return ordered(scaled(value).bitPattern, words: 4)
    default:
      return ordered(integerBits(value), words: words)
    }
  }

  /// The value that `words` hold; `nil` when they are too few. Malformed text decodes to U+FFFD.
  public func decode(_ words: ArraySlice<UInt16>) -> MockValue? {
    guard words.count >= self.words else { return nil }
    let own = Array(words.prefix(self.words))
    if kind == .string { return .text(text(of: own)) }
    let bits = self.bits(of: own)
    switch kind {
    case .bool: return .bool(bit.map { (bits >> UInt64($0)) & 1 == 1 } ?? (bits != 0))
    case .float32: return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) * scale + offset)
    case .float64: return .real(Double(bitPattern: bits) * scale + offset)
    case .uint64 where isPlain && bits > UInt64(Int64.max): return .unsigned(bits)
    case .uint64 where !isPlain: return .real(Double(bits) * scale + offset)
    default:
      let raw = signed(bits)
      return isPlain ? .integer(raw) : .real(Double(raw) * scale + offset)
    }
  }

  private var isPlain: Bool { scale == 1 && offset == 0 }

  private func signed(_ bits: UInt64) -> Int64 {
    switch kind {
    case .int16: Int64(Int16(truncatingIfNeeded: bits))
    case .int32: Int64(Int32(truncatingIfNeeded: bits))
    default: Int64(truncatingIfNeeded: bits)
    }
  }

  /// The raw value as a number, before rounding.
  private func scaled(_ value: MockValue) -> Double {
    ((value.number ?? 0) - offset) / scale
  }

  private func integerBits(_ value: MockValue) -> UInt64 {
    if isPlain, case .unsigned(let number) = value, kind == .uint64 { return number }
    if isPlain, case .integer(let number) = value {
      switch kind {
      case .int64: return UInt64(bitPattern: number)
      case .uint64: return UInt64(max(number, 0))
      default: break
      }
    }
    let raw = scaled(value).rounded(.toNearestOrEven)
    switch kind {
    case .uint16: return UInt64(UInt16(clampingRounded: raw))
    case .int16: return UInt64(bitPattern: Int64(Int16(clampingRounded: raw)))
    case .uint32: return UInt64(UInt32(clampingRounded: raw))
    case .int32: return UInt64(bitPattern: Int64(Int32(clampingRounded: raw)))
    case .int64: return UInt64(bitPattern: Int64(clampingRounded: raw))
    default: return UInt64(clampingRounded: raw)
    }
  }

  /// The lowest `words` × 16 bits of `bits`, in this order.
  private func ordered(_ bits: UInt64, words: Int) -> [UInt16] {
    var result = (0..<words).map { UInt16(truncatingIfNeeded: bits >> UInt64(16 * (words - 1 - $0))) }
    if order.swapsWords { result.reverse() }
    return order.swapsBytes ? result.map(\.byteSwapped) : result
  }

  private func bits(of words: [UInt16]) -> UInt64 {
    let swapped = order.swapsBytes ? words.map(\.byteSwapped) : words
    let ordered = order.swapsWords ? swapped.reversed() : swapped
    return ordered.reduce(0) { $0 << 16 | UInt64($1) }
  }

  private func words(ofText text: String) -> [UInt16] {
    var bytes = Array(text.utf8.prefix(words * 2))
    bytes += Array(repeating: 0, count: words * 2 - bytes.count)
    return stride(from: 0, to: bytes.count, by: 2).map {
      let word = UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
      return order.swapsBytes ? word.byteSwapped : word
    }
  }

  private func text(of words: [UInt16]) -> String {
    let bytes = words.flatMap { word in
      let ordered = order.swapsBytes ? word.byteSwapped : word
      return [UInt8(ordered >> 8), UInt8(ordered & 0xFF)]
    }
    return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }
}

extension FixedWidthInteger {
  /// The nearest value of this type; not-a-number counts as zero.
  init(clampingRounded value: Double) {
    if value.isNaN {
      self = 0
    } else if let exact = Self(exactly: value) {
      self = exact
    } else {
      self = value < 0 ? .min : .max
    }
  }
}
