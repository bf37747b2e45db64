import NIOCore

/// How PDUs are wrapped on the wire.
public enum ModbusFraming: Sendable, Hashable, CaseIterable {
  /// Modbus/TCP: a seven-byte header with a transaction id.
  case mbap
  /// Serial line, binary: unit, PDU, CRC-16.
  case rtu
  /// Serial line, hexadecimal text: colon, unit, PDU, LRC, CR LF.
  case ascii
}

/// One framed PDU.
public struct ModbusFrame: Sendable, Hashable {
  /// Always 0 in the serial framings, which have none.
  public var transactionId: UInt16
  public var unitId: UInt8
  /// 1...253 bytes. May share the receive buffer.
  public var pdu: ByteBuffer

  public init(transactionId: UInt16 = 0, unitId: UInt8, pdu: ByteBuffer) {
    self.transactionId = transactionId
    self.unitId = unitId
    self.pdu = pdu
  }
}

/// Which frames to expect: RTU can only find a frame's end by knowing what it is.
public enum FrameDirection: Sendable, Hashable, CaseIterable {
  case request
  case response
}

extension ModbusFraming {
  /// Appends a frame whose PDU `pdu` writes. When `pdu` throws, `buffer` is as it was.
  public func write<Failure: Error>(
    transactionId: UInt16, unitId: UInt8, to buffer: inout ByteBuffer,
    pdu: (inout ByteBuffer) throws(Failure) -> Void
  ) throws(Failure) {
    switch self {
    case .mbap: try MBAP.write(transactionId: transactionId, unitId: unitId, to: &buffer, pdu: pdu)
    case .rtu: try RTU.write(unitId: unitId, to: &buffer, pdu: pdu)
    case .ascii: try ASCII.write(unitId: unitId, to: &buffer, pdu: pdu)
    }
  }

  /// Takes the first frame from `buffer`, or nil when it is not all there yet.
  ///
  /// Pure and incremental: feed bytes as they come, in pieces of any size.
  /// - Throws: the failure as soon as the bytes cannot become a frame. Where to continue is then unknown.
  public func read(_ direction: FrameDirection, from buffer: inout ByteBuffer) throws(WireFailure)
    -> ModbusFrame?
  {
    switch self {
    case .mbap: try MBAP.read(from: &buffer)
    case .rtu: try RTU.read(direction, from: &buffer)
    case .ascii: try ASCII.read(from: &buffer)
    }
  }
}
