import NIOCore

extension ModbusRequest {
  /// Appends the PDU: function code and data. Nothing is appended when it throws.
  public func write(to buffer: inout ByteBuffer) throws(RequestFault) {
    try validate()
    let code = function.rawValue
    switch self {
    case .readCoils(let address, let count), .readDiscreteInputs(let address, let count),
      .readHoldingRegisters(let address, let count), .readInputRegisters(let address, let count):
      buffer.writeMultipleIntegers(code, address, count)
    case .writeSingleCoil(let address, let value):
      buffer.writeMultipleIntegers(code, address, Coil.word(value))
    case .writeSingleRegister(let address, let value):
      buffer.writeMultipleIntegers(code, address, value)
    case .writeMultipleCoils(let address, let values):
      let size = BitBlock.byteCount(values.count)
      buffer.writeMultipleIntegers(
        code, address, UInt16(truncatingIfNeeded: values.count), UInt8(truncatingIfNeeded: size))
      buffer.writeImmutableBuffer(values.bytes)
    case .writeMultipleRegisters(let address, let values):
      buffer.writeMultipleIntegers(
        code, address, UInt16(truncatingIfNeeded: values.count), UInt8(truncatingIfNeeded: values.count &* 2))
      buffer.writeImmutableBuffer(values.bytes)
    case .maskWriteRegister(let address, let and, let or):
      buffer.writeMultipleIntegers(code, address, and, or)
    case .readWriteMultipleRegisters(let readAddress, let readCount, let writeAddress, let values):
      buffer.writeMultipleIntegers(
        code, readAddress, readCount, writeAddress, UInt16(truncatingIfNeeded: values.count),
        UInt8(truncatingIfNeeded: values.count &* 2))
      buffer.writeImmutableBuffer(values.bytes)
    case .readDeviceIdentification(let access, let object):
      buffer.writeMultipleIntegers(code, IdentificationPage.meiType, access.rawValue, object)
    }
  }

  /// The request in a PDU, which must be exactly one request long.
  ///
  /// Everything that a server must refuse is refused here; `RequestFault.exception` says how.
  public init(pdu: ByteBuffer) throws(RequestFault) {
    var pdu = pdu
    let size = pdu.readableBytes
    guard size <= ModbusLimit.pduBytes else { throw .length(size, expected: ModbusLimit.pduBytes) }
    guard let code = pdu.readInteger(as: UInt8.self) else { throw .length(0, expected: 1) }
    guard let function = FunctionCode(rawValue: code) else { throw .unknownFunction(code) }
    switch function {
    case .readCoils, .readDiscreteInputs, .readHoldingRegisters, .readInputRegisters:
      let (address, count) = try Self.words(&pdu, size: size)
      self = Self.read(function.table, address: address, count: count)
    case .writeSingleCoil:
      let (address, word) = try Self.words(&pdu, size: size)
      guard let value = Coil.value(word) else { throw .coilValue(word) }
      self = .writeSingleCoil(address: address, value: value)
    case .writeSingleRegister:
      let (address, value) = try Self.words(&pdu, size: size)
      self = .writeSingleRegister(address: address, value: value)
    case .writeMultipleCoils:
      let (address, count, bytes) = try Self.run(&pdu, before: 1, 1...ModbusLimit.writeBits) {
        BitBlock.byteCount($0)
      }
      self = .writeMultipleCoils(address: address, values: BitBlock(wire: bytes, count: count))
    case .writeMultipleRegisters:
      let (address, _, bytes) = try Self.run(&pdu, before: 1, 1...ModbusLimit.writeRegisters) { $0 &* 2 }
      self = .writeMultipleRegisters(address: address, values: RegisterBlock(wire: bytes))
    case .maskWriteRegister:
      guard size == 7, let (address, and, or) = pdu.readMultipleIntegers(as: (UInt16, UInt16, UInt16).self)
      else { throw .length(size, expected: 7) }
      self = .maskWriteRegister(address: address, and: and, or: or)
    case .readWriteMultipleRegisters:
      guard let (readAddress, readCount) = pdu.readMultipleIntegers(as: (UInt16, UInt16).self)
      else { throw .length(size, expected: 10) }
      let (address, _, bytes) = try Self.run(&pdu, before: 5, 1...ModbusLimit.readWriteRegisters) { $0 &* 2 }
      self = .readWriteMultipleRegisters(
        readAddress: readAddress, readCount: readCount, writeAddress: address,
        values: RegisterBlock(wire: bytes))
    case .readDeviceIdentification:
      self = try Self.identification(&pdu, size: size)
    }
    try validate()
  }

  /// Two words and nothing else after the function code.
  private static func words(_ pdu: inout ByteBuffer, size: Int) throws(RequestFault) -> (UInt16, UInt16) {
    guard size == 5, let words = pdu.readMultipleIntegers(as: (UInt16, UInt16).self)
    else { throw .length(size, expected: 5) }
    return words
  }

  /// Address, quantity, byte count, and that many bytes up to the end of the PDU. `before` bytes went ahead.
  private static func run(
    _ pdu: inout ByteBuffer, before: Int, _ allowed: ClosedRange<Int>, bytes: (Int) -> Int
  ) throws(RequestFault) -> (address: UInt16, count: Int, bytes: ByteBuffer) {
    let size = before &+ pdu.readableBytes
    guard let (address, quantity, declared) = pdu.readMultipleIntegers(as: (UInt16, UInt16, UInt8).self)
    else { throw .length(size, expected: before &+ 5) }
    let count = Int(quantity)
    guard allowed.contains(count) else { throw .quantity(count, allowed: allowed) }
    let expected = bytes(count)
    guard Int(declared) == expected else { throw .byteCount(Int(declared), expected: expected) }
    guard pdu.readableBytes == expected else { throw .length(size, expected: before &+ 5 &+ expected) }
    return (address, count, pdu)
  }

  private static func identification(_ pdu: inout ByteBuffer, size: Int) throws(RequestFault) -> ModbusRequest
  {
    guard let type = pdu.readInteger(as: UInt8.self) else { throw .length(size, expected: 4) }
    guard type == IdentificationPage.meiType else { throw .unknownInterface(type) }
    guard size == 4, let (code, object) = pdu.readMultipleIntegers(as: (UInt8, UInt8).self)
    else { throw .length(size, expected: 4) }
    guard let access = IdentificationAccess(rawValue: code) else { throw .unknownIdentificationAccess(code) }
    return .readDeviceIdentification(access: access, object: object)
  }
}

extension FunctionCode {
  /// The table that a plain read function reads; holding registers for every other function.
  var table: ModbusTable {
    switch self {
    case .readCoils: .coil
    case .readDiscreteInputs: .discrete
    case .readInputRegisters: .input
    default: .holding
    }
  }
}

/// Function 5 carries a coil as one of two words.
enum Coil {
  static func word(_ value: Bool) -> UInt16 { value ? 0xFF00 : 0x0000 }

  static func value(_ word: UInt16) -> Bool? {
    switch word {
    case 0xFF00: true
    case 0x0000: false
    default: nil
    }
  }
}
