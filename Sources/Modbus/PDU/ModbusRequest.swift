/// What a client asks of a device. Addresses are protocol addresses, counted from 0.
///
/// Any value can be made; `validate()` tells whether Modbus allows it, and nothing that it refuses is sent
/// or accepted.
public enum ModbusRequest: Sendable, Hashable {
  case readCoils(address: UInt16, count: UInt16)
  case readDiscreteInputs(address: UInt16, count: UInt16)
  case readHoldingRegisters(address: UInt16, count: UInt16)
  case readInputRegisters(address: UInt16, count: UInt16)
  case writeSingleCoil(address: UInt16, value: Bool)
  case writeSingleRegister(address: UInt16, value: UInt16)
  case writeMultipleCoils(address: UInt16, values: BitBlock)
  case writeMultipleRegisters(address: UInt16, values: RegisterBlock)
  /// The register becomes `(old & and) | (or & ~and)`.
  case maskWriteRegister(address: UInt16, and: UInt16, or: UInt16)
  /// The write happens first.
  case readWriteMultipleRegisters(
    readAddress: UInt16, readCount: UInt16, writeAddress: UInt16, values: RegisterBlock)
  /// `object` is where to start, or with `.specific` the one object wanted.
  case readDeviceIdentification(access: IdentificationAccess, object: UInt8)

  /// The read request for a run of one table.
  public static func read(_ table: ModbusTable, address: UInt16, count: UInt16) -> ModbusRequest {
    switch table {
    case .coil: .readCoils(address: address, count: count)
    case .discrete: .readDiscreteInputs(address: address, count: count)
    case .holding: .readHoldingRegisters(address: address, count: count)
    case .input: .readInputRegisters(address: address, count: count)
    }
  }

  public var function: FunctionCode {
    switch self {
    case .readCoils: .readCoils
    case .readDiscreteInputs: .readDiscreteInputs
    case .readHoldingRegisters: .readHoldingRegisters
    case .readInputRegisters: .readInputRegisters
    case .writeSingleCoil: .writeSingleCoil
    case .writeSingleRegister: .writeSingleRegister
    case .writeMultipleCoils: .writeMultipleCoils
    case .writeMultipleRegisters: .writeMultipleRegisters
    case .maskWriteRegister: .maskWriteRegister
    case .readWriteMultipleRegisters: .readWriteMultipleRegisters
    case .readDeviceIdentification: .readDeviceIdentification
    }
  }

  /// Whether it changes the device.
  public var isWrite: Bool {
    switch self {
    case .readCoils, .readDiscreteInputs, .readHoldingRegisters, .readInputRegisters,
      .readDeviceIdentification:
      false
    case .writeSingleCoil, .writeSingleRegister, .writeMultipleCoils, .writeMultipleRegisters,
      .maskWriteRegister, .readWriteMultipleRegisters:
      true
    }
  }

  /// Throws the first rule of the specification that the request breaks.
  public func validate() throws(RequestFault) {
    switch self {
    case .readCoils(let address, let count), .readDiscreteInputs(let address, let count):
      try Self.check(address, Int(count), 1...ModbusLimit.readBits)
    case .readHoldingRegisters(let address, let count), .readInputRegisters(let address, let count):
      try Self.check(address, Int(count), 1...ModbusLimit.readRegisters)
    case .writeMultipleCoils(let address, let values):
      try Self.check(address, values.count, 1...ModbusLimit.writeBits)
    case .writeMultipleRegisters(let address, let values):
      try Self.check(address, values.count, 1...ModbusLimit.writeRegisters)
    case .readWriteMultipleRegisters(let readAddress, let readCount, let writeAddress, let values):
      try Self.check(readAddress, Int(readCount), 1...ModbusLimit.readRegisters)
      try Self.check(writeAddress, values.count, 1...ModbusLimit.readWriteRegisters)
    case .writeSingleCoil, .writeSingleRegister, .maskWriteRegister, .readDeviceIdentification:
      break
    }
  }

  static func check(_ address: UInt16, _ count: Int, _ allowed: ClosedRange<Int>) throws(RequestFault) {
    guard allowed.contains(count) else { throw .quantity(count, allowed: allowed) }
    guard Int(address) &+ count <= ModbusLimit.addresses else {
      throw .addressRange(address: address, count: count)
    }
  }
}

extension ModbusRequest: CustomStringConvertible {
  /// For a log line: the function and the run it touches.
  public var description: String {
    switch self {
    case .readCoils(let address, let count), .readDiscreteInputs(let address, let count),
      .readHoldingRegisters(let address, let count), .readInputRegisters(let address, let count):
      "\(function) \(address)+\(count)"
    case .writeSingleCoil(let address, let value): "\(function) \(address)=\(value ? 1 : 0)"
    case .writeSingleRegister(let address, let value): "\(function) \(address)=\(value)"
    case .writeMultipleCoils(let address, let values): "\(function) \(address)=\(values)"
    case .writeMultipleRegisters(let address, let values): "\(function) \(address)=\(values)"
    case .maskWriteRegister(let address, let and, let or):
      "\(function) \(address) and=\(hexadecimal(and)) or=\(hexadecimal(or))"
    case .readWriteMultipleRegisters(let readAddress, let readCount, let writeAddress, let values):
      "\(function) read \(readAddress)+\(readCount) write \(writeAddress)=\(values)"
    case .readDeviceIdentification(let access, let object): "\(function) \(access) from \(object)"
    }
  }
}
