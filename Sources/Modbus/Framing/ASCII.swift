import NIOCore

/// ASCII framing: `:` then unit id, PDU and LRC as hexadecimal, then CR LF
/// (Modbus over Serial Line V1.02, section 2.5.2).
enum ASCII {
  /// Colon, 2 digits for each of unit, PDU and LRC, CR, LF.
  static let longestFrame = 1 + 2 * (ModbusLimit.pduBytes + 2) + 2

  static func write<Failure: Error>(
    unitId: UInt8, to buffer: inout ByteBuffer, pdu: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    var binary = ByteBufferAllocator().buffer(capacity: ModbusLimit.pduBytes + 2)
    binary.writeInteger(unitId)
    try pdu(&binary)
    binary.writeInteger(LRC.of(binary.readableBytesView))
    buffer.writeInteger(colon)
    for byte in binary.readableBytesView {
      buffer.writeMultipleIntegers(digit(byte >> 4), digit(byte & 0xF))
    }
    buffer.writeMultipleIntegers(carriageReturn, lineFeed)
  }

  /// Bytes before a colon are noise and skipped, and so is a line too long for a frame; a colon inside a frame
  /// starts it anew, as the specification wants.
  static func read(from buffer: inout ByteBuffer) throws(WireFailure) -> ModbusFrame? {
    while let end = buffer.readableBytesView.firstIndex(of: lineFeed) {
      let line = buffer.readableBytesView[..<end]
      buffer.moveReaderIndex(to: end &+ 1)
      guard let start = line.lastIndex(of: colon) else { continue }
      let text = line[(start &+ 1)...]
      guard text.count &+ 2 <= longestFrame else { continue }
      guard text.last == carriageReturn else { throw .shortFrame(received: text.count) }
      return try decode(text.dropLast())
    }
    guard let start = buffer.readableBytesView.lastIndex(of: colon) else {
      buffer.moveReaderIndex(forwardBy: buffer.readableBytes)
      return nil
    }
    buffer.moveReaderIndex(to: start)
    if buffer.readableBytes >= longestFrame { buffer.moveReaderIndex(forwardBy: buffer.readableBytes) }
    return nil
  }

  private static func decode(_ text: ByteBufferView.SubSequence) throws(WireFailure) -> ModbusFrame {
    guard text.count & 1 == 0, text.count >= 6 else { throw .shortFrame(received: text.count) }
    var binary = ByteBufferAllocator().buffer(capacity: text.count / 2)
    var index = text.startIndex
    while index < text.endIndex {
      guard let high = value(text[index]), let low = value(text[index &+ 1]) else { throw .checksum }
      binary.writeInteger(high << 4 | low)
      index &+= 2
    }
    guard LRC.of(binary.readableBytesView) == 0 else { throw .checksum }
    guard let unitId = binary.readInteger(as: UInt8.self),
      let pdu = binary.readSlice(length: binary.readableBytes &- 1)
    else { throw .shortFrame(received: text.count) }
    return ModbusFrame(unitId: unitId, pdu: pdu)
  }

  private static let colon = UInt8(ascii: ":")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let lineFeed = UInt8(ascii: "\n")

  private static func digit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") &+ nibble : UInt8(ascii: "A") &- 10 &+ nibble
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit &- UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit &- UInt8(ascii: "A") &+ 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit &- UInt8(ascii: "a") &+ 10
    default: nil
    }
  }
}
