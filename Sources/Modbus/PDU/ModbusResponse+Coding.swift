import NIOCore

extension ModbusResponse {
  /// Appends the PDU. Nothing is appended when it throws.
  public func write(to buffer: inout ByteBuffer) throws(ResponseFault) {
    try validate()
    let code = function.rawValue
    switch self {
    case .readCoils(let bits), .readDiscreteInputs(let bits):
      buffer.writeMultipleIntegers(code, UInt8(truncatingIfNeeded: BitBlock.byteCount(bits.count)))
      buffer.writeImmutableBuffer(bits.bytes)
    case .readHoldingRegisters(let block), .readInputRegisters(let block),
      .readWriteMultipleRegisters(let block):
      buffer.writeMultipleIntegers(code, UInt8(truncatingIfNeeded: block.count &* 2))
      buffer.writeImmutableBuffer(block.bytes)
    case .writeSingleCoil(let address, let value):
      buffer.writeMultipleIntegers(code, address, Coil.word(value))
    case .writeSingleRegister(let address, let value):
      buffer.writeMultipleIntegers(code, address, value)
    case .writeMultipleCoils(let address, let count), .writeMultipleRegisters(let address, let count):
      buffer.writeMultipleIntegers(code, address, count)
    case .maskWriteRegister(let address, let and, let or):
      buffer.writeMultipleIntegers(code, address, and, or)
    case .readDeviceIdentification(let page):
      buffer.writeMultipleIntegers(
        code, IdentificationPage.meiType, page.access.rawValue, page.conformity,
        UInt8(page.nextObject == nil ? 0x00 : 0xFF), page.nextObject ?? 0,
        UInt8(truncatingIfNeeded: page.objects.count))
      for object in page.objects {
        buffer.writeMultipleIntegers(object.id, UInt8(truncatingIfNeeded: object.value.count))
        buffer.writeBytes(object.value)
      }
    }
  }

  /// The response in a PDU, which must be exactly one response long. Does not decode exceptions.
  ///
  /// - Parameter bits: how many coils or inputs were asked for; nil takes all that the bytes hold.
  public init(pdu: ByteBuffer, bits: Int? = nil) throws(ResponseFault) {
    var pdu = pdu
    let size = pdu.readableBytes
    guard size <= ModbusLimit.pduBytes else { throw .length(size, expected: ModbusLimit.pduBytes) }
    guard let code = pdu.readInteger(as: UInt8.self) else { throw .empty }
    guard let function = FunctionCode(rawValue: code) else { throw .unknownFunction(code) }
    switch function {
    case .readCoils:
      self = .readCoils(try Self.bits(&pdu, size: size, count: bits))
    case .readDiscreteInputs:
      self = .readDiscreteInputs(try Self.bits(&pdu, size: size, count: bits))
    case .readHoldingRegisters:
      self = .readHoldingRegisters(try Self.registers(&pdu, size: size))
    case .readInputRegisters:
      self = .readInputRegisters(try Self.registers(&pdu, size: size))
    case .readWriteMultipleRegisters:
      self = .readWriteMultipleRegisters(try Self.registers(&pdu, size: size))
    case .writeSingleCoil:
      let (address, word) = try Self.words(&pdu, size: size)
      guard let value = Coil.value(word) else { throw .coilValue(word) }
      self = .writeSingleCoil(address: address, value: value)
    case .writeSingleRegister:
      let (address, value) = try Self.words(&pdu, size: size)
      self = .writeSingleRegister(address: address, value: value)
    case .writeMultipleCoils:
      let (address, count) = try Self.words(&pdu, size: size)
      self = .writeMultipleCoils(address: address, count: count)
    case .writeMultipleRegisters:
      let (address, count) = try Self.words(&pdu, size: size)
      self = .writeMultipleRegisters(address: address, count: count)
    case .maskWriteRegister:
      guard size == 7, let (address, and, or) = pdu.readMultipleIntegers(as: (UInt16, UInt16, UInt16).self)
      else { throw .length(size, expected: 7) }
      self = .maskWriteRegister(address: address, and: and, or: or)
    case .readDeviceIdentification:
      self = .readDeviceIdentification(try Self.identification(&pdu, size: size))
    }
    try validate()
  }

  private static func words(_ pdu: inout ByteBuffer, size: Int) throws(ResponseFault) -> (UInt16, UInt16) {
    guard size == 5, let words = pdu.readMultipleIntegers(as: (UInt16, UInt16).self)
    else { throw .length(size, expected: 5) }
    return words
  }

  /// The byte count and exactly that many bytes.
  private static func counted(_ pdu: inout ByteBuffer, size: Int) throws(ResponseFault) -> ByteBuffer {
    guard let declared = pdu.readInteger(as: UInt8.self) else { throw .length(size, expected: 2) }
    guard pdu.readableBytes == Int(declared) else { throw .length(size, expected: 2 &+ Int(declared)) }
    return pdu
  }

  private static func registers(_ pdu: inout ByteBuffer, size: Int) throws(ResponseFault) -> RegisterBlock {
    let bytes = try counted(&pdu, size: size)
    guard bytes.readableBytes & 1 == 0 else {
      throw .byteCount(bytes.readableBytes, expected: bytes.readableBytes &+ 1)
    }
    return RegisterBlock(wire: bytes)
  }

  private static func bits(
    _ pdu: inout ByteBuffer, size: Int, count: Int?
  ) throws(ResponseFault) -> BitBlock {
    let bytes = try counted(&pdu, size: size)
    let count = count ?? bytes.readableBytes &* 8
    guard BitBlock.byteCount(count) == bytes.readableBytes else {
      throw .byteCount(bytes.readableBytes, expected: BitBlock.byteCount(count))
    }
    return BitBlock(wire: bytes, count: count)
  }

  private static func identification(
    _ pdu: inout ByteBuffer, size: Int
  ) throws(ResponseFault) -> IdentificationPage {
    guard
      let (type, code, conformity, more, next, count) =
        pdu.readMultipleIntegers(as: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8).self)
    else { throw .length(size, expected: IdentificationPage.headerBytes) }
    guard type == IdentificationPage.meiType, let access = IdentificationAccess(rawValue: code),
      more == 0x00 || more == 0xFF
    else { throw .identification }
    var page = IdentificationPage(
      access: access, conformity: conformity, nextObject: more == 0xFF ? next : nil, objects: [])
    for _ in 0..<count {
      guard let (id, length) = pdu.readMultipleIntegers(as: (UInt8, UInt8).self),
        let value = pdu.readBytes(length: Int(length))
      else { throw .identification }
      page.objects.append(IdentificationObject(id: id, value: value))
    }
    guard pdu.readableBytes == 0 else { throw .identification }
    return page
  }
}

extension ModbusResponse {
  /// The answer in a PDU to `request`.
  ///
  /// - Throws: `.refused` for an exception response to that function, `.wire` for anything that is not an
  ///   answer to that request.
  public static func answer(_ pdu: ByteBuffer, to request: ModbusRequest) throws(RequestFailure)
    -> ModbusResponse
  {
    let sent = request.function.rawValue
    guard let code = pdu.getInteger(at: pdu.readerIndex, as: UInt8.self) else {
      throw .wire(.malformedAnswer(.empty))
    }
    if code == sent | ModbusException.flag {
      guard pdu.readableBytes == 2, let raw = pdu.getInteger(at: pdu.readerIndex &+ 1, as: UInt8.self)
      else { throw .wire(.malformedAnswer(.length(pdu.readableBytes, expected: 2))) }
      throw .refused(DeviceRefusal(function: sent, exception: ModbusException(rawValue: raw)))
    }
    guard code == sent else { throw .wire(.functionMismatch(sent: sent, received: code)) }
    do throws(ResponseFault) {
      let response = try ModbusResponse(pdu: pdu, bits: request.bitCount)
      try response.checkAnswers(request)
      return response
    } catch {
      throw .wire(.malformedAnswer(error))
    }
  }
}

extension ModbusRequest {
  /// Bits that the answer carries, nil when it carries none.
  var bitCount: Int? {
    switch self {
    case .readCoils(_, let count), .readDiscreteInputs(_, let count): Int(count)
    default: nil
    }
  }
}

extension ModbusException {
  /// Set in the function code of an exception response.
  static let flag: UInt8 = 0x80

  /// Appends the exception response to a request with this function code.
  public func write(refusing function: UInt8, to buffer: inout ByteBuffer) {
    buffer.writeMultipleIntegers(function | Self.flag, rawValue)
  }
}
