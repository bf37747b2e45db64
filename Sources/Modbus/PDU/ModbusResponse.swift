/// What a device answers when it does as asked. Refusals are `ModbusException`.
public enum ModbusResponse: Sendable, Hashable {
  /// Decoded without its request, the count is a multiple of eight: the protocol does not carry it.
  case readCoils(BitBlock)
  case readDiscreteInputs(BitBlock)
  case readHoldingRegisters(RegisterBlock)
  case readInputRegisters(RegisterBlock)
  case writeSingleCoil(address: UInt16, value: Bool)
  case writeSingleRegister(address: UInt16, value: UInt16)
  case writeMultipleCoils(address: UInt16, count: UInt16)
  case writeMultipleRegisters(address: UInt16, count: UInt16)
  case maskWriteRegister(address: UInt16, and: UInt16, or: UInt16)
  case readWriteMultipleRegisters(RegisterBlock)
  case readDeviceIdentification(IdentificationPage)

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

  /// The registers it carries, nil for an answer that carries none.
  public var registers: RegisterBlock? {
    switch self {
    case .readHoldingRegisters(let block), .readInputRegisters(let block),
      .readWriteMultipleRegisters(let block):
      block
    default: nil
    }
  }

  /// The coils or discrete inputs it carries, nil for an answer that carries none.
  public var bits: BitBlock? {
    switch self {
    case .readCoils(let block), .readDiscreteInputs(let block): block
    default: nil
    }
  }

  /// Throws where the limits of the specification forbid sending it.
  public func validate() throws(ResponseFault) {
    switch self {
    case .readCoils(let bits), .readDiscreteInputs(let bits):
      try Self.check(bits.count, 1...ModbusLimit.readBits)
    case .readHoldingRegisters(let block), .readInputRegisters(let block),
      .readWriteMultipleRegisters(let block):
      try Self.check(block.count, 1...ModbusLimit.readRegisters)
    case .writeMultipleCoils(let address, let count):
      try Self.check(Int(count), 1...ModbusLimit.writeBits, address)
    case .writeMultipleRegisters(let address, let count):
      try Self.check(Int(count), 1...ModbusLimit.writeRegisters, address)
    case .writeSingleCoil, .writeSingleRegister, .maskWriteRegister: break
    case .readDeviceIdentification(let page):
      let size = page.objects.reduce(IdentificationPage.headerBytes) { $0 &+ $1.value.count &+ 2 }
      guard page.objects.count <= 255, size <= ModbusLimit.pduBytes else {
        throw .length(size, expected: ModbusLimit.pduBytes)
      }
    }
  }

  private static func check(
    _ count: Int, _ allowed: ClosedRange<Int>, _ address: UInt16 = 0
  ) throws(ResponseFault) {
    guard allowed.contains(count) else { throw .quantity(count, allowed: allowed) }
    guard Int(address) &+ count <= ModbusLimit.addresses else {
      throw .addressRange(address: address, count: count)
    }
  }

  /// Throws when this cannot be the answer to `request`: another count, or a confirmation of something else.
  public func checkAnswers(_ request: ModbusRequest) throws(ResponseFault) {
    switch (self, request) {
    case (.readCoils(let bits), .readCoils(_, let count)),
      (.readDiscreteInputs(let bits), .readDiscreteInputs(_, let count)):
      guard bits.count == Int(count) else { throw .quantity(bits.count, allowed: Int(count)...Int(count)) }
    case (.readHoldingRegisters(let block), .readHoldingRegisters(_, let count)),
      (.readInputRegisters(let block), .readInputRegisters(_, let count)),
      (.readWriteMultipleRegisters(let block), .readWriteMultipleRegisters(_, let count, _, _)):
      guard block.count == Int(count) else { throw .quantity(block.count, allowed: Int(count)...Int(count)) }
    case (.writeSingleCoil(let address, let value), .writeSingleCoil(let a, let v)):
      guard address == a, value == v else { throw .echo }
    case (.writeSingleRegister(let address, let value), .writeSingleRegister(let a, let v)):
      guard address == a, value == v else { throw .echo }
    case (.writeMultipleCoils(let address, let count), .writeMultipleCoils(let a, let values)):
      guard address == a, Int(count) == values.count else { throw .echo }
    case (.writeMultipleRegisters(let address, let count), .writeMultipleRegisters(let a, let values)):
      guard address == a, Int(count) == values.count else { throw .echo }
    case (.maskWriteRegister(let address, let and, let or), .maskWriteRegister(let a, let n, let o)):
      guard address == a, and == n, or == o else { throw .echo }
    case (.readDeviceIdentification(let page), .readDeviceIdentification(let access, _)):
      guard page.access == access else { throw .echo }
    default:
      throw .unknownFunction(function.rawValue)
    }
  }
}
