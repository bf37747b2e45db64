/// The Modbus functions this project speaks (Modbus Application Protocol V1.1b3, section 6).
public enum FunctionCode: UInt8, Sendable, Hashable, CaseIterable {
  case readCoils = 0x01
  case readDiscreteInputs = 0x02
  case readHoldingRegisters = 0x03
  case readInputRegisters = 0x04
  case writeSingleCoil = 0x05
  case writeSingleRegister = 0x06
  case writeMultipleCoils = 0x0F
  case writeMultipleRegisters = 0x10
  case maskWriteRegister = 0x16
  case readWriteMultipleRegisters = 0x17
  /// Encapsulated interface transport; only MEI type 14, Read Device Identification.
  case readDeviceIdentification = 0x2B
}

extension FunctionCode: CustomStringConvertible {
  /// Short name for a log line, such as `read holding registers`.
  public var description: String {
    switch self {
    case .readCoils: "read coils"
    case .readDiscreteInputs: "read discrete inputs"
    case .readHoldingRegisters: "read holding registers"
    case .readInputRegisters: "read input registers"
    case .writeSingleCoil: "write coil"
    case .writeSingleRegister: "write register"
    case .writeMultipleCoils: "write coils"
    case .writeMultipleRegisters: "write registers"
    case .maskWriteRegister: "mask write register"
    case .readWriteMultipleRegisters: "read/write registers"
    case .readDeviceIdentification: "read device identification"
    }
  }
}

/// Limits of the protocol, both directions (Application Protocol V1.1b3, sections 4.1 and 6).
public enum ModbusLimit {
  /// Longest protocol data unit: function code and data.
  public static let pduBytes = 253
  /// Registers one read may ask for.
  public static let readRegisters = 125
  /// Registers one write may carry.
  public static let writeRegisters = 123
  /// Registers the write half of function 23 may carry.
  public static let readWriteRegisters = 121
  /// Coils or discrete inputs one read may ask for.
  public static let readBits = 2000
  /// Coils one write may carry.
  public static let writeBits = 1968
  /// Addresses in a table: address + count never exceeds this.
  public static let addresses = 65536
}

/// The four tables of a Modbus device.
public enum ModbusTable: UInt8, Sendable, Hashable, CaseIterable, Comparable {
  case coil
  case discrete
  case holding
  case input

  /// Whether an element is one bit rather than a 16-bit register.
  public var isBits: Bool { self == .coil || self == .discrete }

  /// Whether the protocol has a function that writes it.
  public var isWritable: Bool { self == .coil || self == .holding }

  /// Most elements that one read request may ask for.
  public var readLimit: Int { isBits ? ModbusLimit.readBits : ModbusLimit.readRegisters }

  public static func < (a: ModbusTable, b: ModbusTable) -> Bool { a.rawValue < b.rawValue }
}
