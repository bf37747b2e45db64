import NIOCore

/// The Modbus/TCP header: transaction id, protocol id (0), length, unit id
/// (Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3).
enum MBAP {
  static let headerBytes = 7
  /// The length field counts the unit id and a PDU of 1...253 bytes.
  static let lengths = 2...(ModbusLimit.pduBytes + 1)

  @inline(__always)
  static func write<Failure: Error>(
    transactionId: UInt16, unitId: UInt8, to buffer: inout ByteBuffer,
    pdu: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    let start = buffer.writerIndex
    buffer.writeMultipleIntegers(transactionId, UInt16(0), UInt16(0), unitId)
    do throws(Failure) {
      try pdu(&buffer)
    } catch {
      buffer.moveWriterIndex(to: start)
      throw error
    }
    let length = UInt16(clamping: buffer.writerIndex &- start &- 6)
    buffer.setInteger(length, at: start &+ 4)
  }

  static func read(from buffer: inout ByteBuffer) throws(WireFailure) -> ModbusFrame? {
    let start = buffer.readerIndex
    let available = buffer.readableBytes
    guard available >= 4 else { return nil }
    guard
      let (transactionId, protocolId) = buffer.getMultipleIntegers(at: start, as: (UInt16, UInt16).self)
    else { return nil }
    guard protocolId == 0 else { throw .protocolIdentifier(protocolId) }
    guard let field = buffer.getInteger(at: start &+ 4, as: UInt16.self) else { return nil }
    let length = Int(field)
    guard lengths.contains(length) else { throw .frameLength(length) }
    guard available >= length &+ 6,
      let unitId = buffer.getInteger(at: start &+ 6, as: UInt8.self),
      let pdu = buffer.getSlice(at: start &+ headerBytes, length: length &- 1)
    else { return nil }
    buffer.moveReaderIndex(forwardBy: length &+ 6)
    return ModbusFrame(transactionId: transactionId, unitId: unitId, pdu: pdu)
  }
}
