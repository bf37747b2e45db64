/// How the bits of a register are to be understood; the words of the manifest's `registers`.
public struct ValueFormat: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case uint16, int16, uint32, int32, uint64, int64, float32, float64, bool, string
  }

  /// Byte order of values of several words: `ABCD` is big-endian (Modbus' own), the others swap words
  /// (`CDAB`), the bytes of each word (`BADC`), or both (`DCBA`).
  public enum Order: String, Hashable, Sendable, CaseIterable {
    case abcd = "ABCD"
    case cdab = "CDAB"
    case badc = "BADC"
    case dcba = "DCBA"

    var swapsWords: Bool { self == .cdab || self == .dcba }
    var swapsBytes: Bool { self == .badc || self == .dcba }
  }

  public var kind: Kind
  public var order: Order
  /// One bit of a word (`bool` in a word table), 0 the least significant; `nil`: the whole word, not zero is
  /// true.
  public var bit: UInt8?
  /// Words the value spans.
  public var words: Int
  /// Engineering value = raw × scale + offset.
  public var scale: Double
  public var offset: Double

  /// `length` is the number of words and counts for `string` only.
  public init(
    _ kind: Kind = .uint16, order: Order = .abcd, bit: UInt8? = nil, length: Int = 8, scale: Double = 1,
    offset: Double = 0
  ) {
    self.kind = kind
    self.order = order
    self.bit = bit.map { min($0, 15) }
    self.scale = scale == 0 || !scale.isFinite ? 1 : scale
    self.offset = offset.isFinite ? offset : 0
    switch kind {
    case .uint16, .int16, .bool: words = 1
    case .uint32, .int32, .float32: words = 2
    case .uint64, .int64, .float64: words = 4
    case .string: words = min(max(length, 1), 125)
    }
  }

  /// The smallest change the register can show, engineering units; `nil` for floats, text and booleans.
  var step: Double? {
    switch kind {
    case .float32, .float64, .bool, .string: nil
    default: abs(scale)
    }
  }

  /// The smallest and largest engineering values the register can hold; `nil` for text.
  var limits: ClosedRange<Double>? {
    let raw: ClosedRange<Double>
    switch kind {
    case .uint16: raw = 0...65_535
    case .int16: raw = -32_768...32_767
    case .uint32: raw = 0...4_294_967_295
    case .int32: raw = -2_147_483_648...2_147_483_647
    case .uint64: raw = 0...Double(UInt64.max)
    case .int64: raw = Double(Int64.min)...Double(Int64.max)
    case .float32: raw = -Double(Float.greatestFiniteMagnitude)...Double(Float.greatestFiniteMagnitude)
    case .float64: return -Double.greatestFiniteMagnitude...Double.greatestFiniteMagnitude
    case .bool: return 0...1
    case .string: return nil
    }
    let ends = [raw.lowerBound * scale + offset, raw.upperBound * scale + offset]
    return min(ends[0], ends[1])...max(ends[0], ends[1])
  }
}
