import NIOCore

extension ServerRequest {
  /// The bytes of a proper answer, for faults that split, repeat or damage it. An answer that the limits
  /// forbid becomes exception 0x04.
  public func bytes(replying response: ModbusResponse) -> [UInt8] {
    var buffer = ByteBuffer()
    framing.write(response, to: self, buffer: &buffer)
    return Array(buffer.readableBytesView)
  }

  /// The bytes of an exception answer.
  public func bytes(refusing exception: ModbusException) -> [UInt8] {
    var buffer = ByteBuffer()
    framing.write(exception, function: request.function.rawValue, transactionId, unitId, buffer: &buffer)
    return Array(buffer.readableBytesView)
  }

  /// The PDU of a proper answer, without any frame.
  public func pdu(replying response: ModbusResponse) -> [UInt8] {
    var buffer = ByteBuffer()
    do throws(ResponseFault) {
      try response.write(to: &buffer)
    } catch {
      ModbusException.serverDeviceFailure.write(refusing: request.function.rawValue, to: &buffer)
    }
    return Array(buffer.readableBytesView)
  }
}

extension ModbusFraming {
  /// Appends a framed answer; one that the limits forbid becomes exception 0x04, never a bad frame.
  func write(_ response: ModbusResponse, to request: ServerRequest, buffer: inout ByteBuffer) {
    do throws(ResponseFault) {
      try write(transactionId: request.transactionId, unitId: request.unitId, to: &buffer) {
        (out: inout ByteBuffer) throws(ResponseFault) in
        try response.write(to: &out)
      }
    } catch {
      write(
        .serverDeviceFailure, function: request.request.function.rawValue, request.transactionId,
        request.unitId, buffer: &buffer)
    }
  }

  func write(
    _ exception: ModbusException, function: UInt8, _ transactionId: UInt16, _ unitId: UInt8,
    buffer: inout ByteBuffer
  ) {
    write(transactionId: transactionId, unitId: unitId, to: &buffer) { (out: inout ByteBuffer) in
      exception.write(refusing: function, to: &out)
    }
  }
}
