/// The four Modbus tables (Modbus Application Protocol V1.1b3, §4.3).
public enum RegisterTable: String, Hashable, Sendable, CaseIterable {
  case holding, coil, input, discrete

  /// Input registers and discrete inputs can only be read.
  public var isWritable: Bool { self == .holding || self == .coil }
  /// Coils and discrete inputs hold one bit an address.
  public var isBits: Bool { self == .coil || self == .discrete }
}

/// How the words of a register are to be understood.
public enum RegisterType: String, Hashable, Sendable, CaseIterable {
  case uint16, int16, uint32, int32, uint64, int64, float32, float64, bool, string

  /// Words (16 bit) a value takes; `nil` for `string`, whose length the manifest gives.
  public var wordCount: Int? {
    switch self {
    case .uint16, .int16, .bool: 1
    case .uint32, .int32, .float32: 2
    case .uint64, .int64, .float64: 4
    case .string: nil
    }
  }
}

/// Byte order of multi-word values. `ABCD` is big-endian, the Modbus convention; the others swap words
/// (`CDAB`), bytes (`BADC`) or both (`DCBA`). For four-word values the same pattern extends to all words.
public enum ByteOrder: String, Hashable, Sendable, CaseIterable {
  case abcd = "ABCD"
  case cdab = "CDAB"
  case badc = "BADC"
  case dcba = "DCBA"
}

/// One register of a device: where it is, how to read it, and what it should be.
public struct RegisterSpec: Hashable, Sendable {
  /// Unique within the device.
  public var name: String
  /// Protocol address, 0-based (any `addressBase` is already applied).
  public var address: UInt16
  public var table: RegisterTable
  public var type: RegisterType
  public var order: ByteOrder
  /// For `bool` in a word table: which bit, 0 is the least significant. `nil`: the whole word, non-zero is
  /// true.
  public var bit: UInt8?
  /// Words the value spans: from the type, or the manifest's `length` for strings.
  public var wordCount: Int
  /// Engineering value = raw × scale + offset.
  public var scale: Double
  public var offset: Double
  public var unit: String
  /// Desired value in engineering units; `nil`: monitored only.
  public var desired: RegisterValue?
  /// Deadband in engineering units: |actual − desired| ≤ tolerance is in sync.
  public var tolerance: Double
  /// Envelope in engineering units: no write ever leaves it.
  public var minimum: Double?
  public var maximum: Double?
  /// Largest change one write may make, engineering units; a larger gap is ramped.
  public var maxStep: Double?
  /// Overrides the device's `autoCorrect`.
  public var autoCorrect: Bool?

  public init(
    name: String, address: UInt16, table: RegisterTable = .holding, type: RegisterType = .uint16,
    order: ByteOrder = .abcd, bit: UInt8? = nil, length: Int? = nil, scale: Double = 1, offset: Double = 0,
    unit: String = "", desired: RegisterValue? = nil, tolerance: Double = 0, minimum: Double? = nil,
    maximum: Double? = nil, maxStep: Double? = nil, autoCorrect: Bool? = nil
  ) {
    self.name = name
    self.address = address
    self.table = table
    self.type = type
    self.order = order
    self.bit = bit
    self.wordCount = type.wordCount ?? length ?? 1
    self.scale = scale
    self.offset = offset
    self.unit = unit
    self.desired = desired
    self.tolerance = tolerance
    self.minimum = minimum
    self.maximum = maximum
    self.maxStep = maxStep
    self.autoCorrect = autoCorrect
  }
}
