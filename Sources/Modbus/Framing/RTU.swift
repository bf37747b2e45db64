import NIOCore

/// RTU framing: unit id, PDU, CRC-16 low byte first (Modbus over Serial Line V1.02, section 2.5.1).
///
/// On a serial line silence ends a frame; over TCP there is none, so the length follows from the function.
/// A frame with a function that neither side knows ends where the checksum over all bytes so far is right.
enum RTU {
  static let longestFrame = ModbusLimit.pduBytes + 3
  static let shortestFrame = 4

  static func write<Failure: Error>(
    unitId: UInt8, to buffer: inout ByteBuffer, pdu: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    let start = buffer.writerIndex
    buffer.writeInteger(unitId)
    do throws(Failure) {
      try pdu(&buffer)
    } catch {
      buffer.moveWriterIndex(to: start)
      throw error
    }
    let crc = CRC16.of(buffer.bytes(at: start, length: buffer.writerIndex &- start))
    buffer.writeInteger(crc, endianness: .little)
  }

  static func read(
    _ direction: FrameDirection, from buffer: inout ByteBuffer
  ) throws(WireFailure) -> ModbusFrame? {
    let start = buffer.readerIndex
    let available = buffer.readableBytes
    guard available >= shortestFrame else { return nil }
    let pduStart = start &+ 1
    switch length(direction, pdu: buffer, at: pduStart) {
    case .incomplete:
      guard available < longestFrame else { throw .checksum }
      return nil
    case .known(let pduLength):
      guard pduLength <= ModbusLimit.pduBytes else { throw .frameLength(pduLength &+ 1) }
      guard available >= pduLength &+ 3 else { return nil }
      guard isIntact(buffer, start: start, length: pduLength &+ 3) else { throw .checksum }
      return take(pduLength, from: &buffer)
    case .unknown:
      if let total = intactPrefix(buffer) { return take(total &- 3, from: &buffer) }
      guard available < longestFrame else { throw .checksum }
      return nil
    }
  }

  private static func take(_ pduLength: Int, from buffer: inout ByteBuffer) -> ModbusFrame? {
    guard let unitId = buffer.readInteger(as: UInt8.self), let pdu = buffer.readSlice(length: pduLength)
    else { return nil }
    buffer.moveReaderIndex(forwardBy: 2)
    return ModbusFrame(unitId: unitId, pdu: pdu)
  }

  /// The checksum over a frame and its own checksum is 0.
  private static func isIntact(_ buffer: ByteBuffer, start: Int, length: Int) -> Bool {
    CRC16.of(buffer.bytes(at: start, length: length)) == 0
  }

  /// Length of the shortest beginning that is a frame by its checksum.
  private static func intactPrefix(_ buffer: ByteBuffer) -> Int? {
    var crc = CRC16.start
    for (index, byte) in buffer.readableBytesView.prefix(longestFrame).enumerated() {
      crc = CRC16.adding(byte, to: crc)
      if crc == 0, index &+ 1 >= shortestFrame { return index &+ 1 }
    }
    return nil
  }

  private enum Length {
    case known(Int)
    case incomplete
    case unknown
  }

  /// Length of the PDU that begins at `at`.
  private static func length(_ direction: FrameDirection, pdu: ByteBuffer, at start: Int) -> Length {
    guard let code = pdu.getInteger(at: start, as: UInt8.self) else { return .incomplete }
    if direction == .response, code & ModbusException.flag != 0 { return .known(2) }
    guard let function = FunctionCode(rawValue: code) else { return .unknown }
    func counted(at offset: Int) -> Length {
      guard let count = pdu.getInteger(at: start &+ offset, as: UInt8.self) else { return .incomplete }
      return .known(offset &+ 1 &+ Int(count))
    }
    switch function {
    case .writeSingleCoil, .writeSingleRegister: return .known(5)
    case .maskWriteRegister: return .known(7)
    case .readCoils, .readDiscreteInputs, .readHoldingRegisters, .readInputRegisters:
      return direction == .request ? .known(5) : counted(at: 1)
    case .writeMultipleCoils, .writeMultipleRegisters:
      return direction == .request ? counted(at: 5) : .known(5)
    case .readWriteMultipleRegisters:
      return direction == .request ? counted(at: 9) : counted(at: 1)
    case .readDeviceIdentification:
      guard let type = pdu.getInteger(at: start &+ 1, as: UInt8.self) else { return .incomplete }
      guard type == IdentificationPage.meiType else { return .unknown }
      return direction == .request ? .known(4) : identificationLength(pdu, at: start)
    }
  }

  private static func identificationLength(_ pdu: ByteBuffer, at start: Int) -> Length {
    guard let objects = pdu.getInteger(at: start &+ 6, as: UInt8.self) else { return .incomplete }
    var length = IdentificationPage.headerBytes
    for _ in 0..<objects {
      guard let size = pdu.getInteger(at: start &+ length &+ 1, as: UInt8.self) else { return .incomplete }
      length &+= 2 &+ Int(size)
      guard length <= ModbusLimit.pduBytes else { return .known(length) }
    }
    return .known(length)
  }
}

extension ByteBuffer {
  /// The bytes of a range, none when it is not readable.
  fileprivate func bytes(at index: Int, length: Int) -> ByteBufferView {
    viewBytes(at: index, length: length) ?? ByteBufferView()
  }
}
