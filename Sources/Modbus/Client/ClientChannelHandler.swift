import NIOCore
import NIOSSL

/// The thin edge between a socket and an endpoint's machine: decodes inline, in the same loop turn, with one
/// buffer for what is sent.
final class ClientChannelHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let framing: ModbusFraming
  /// nil before the connection is made and after it is given up: nothing is reported then.
  private var endpoint: ModbusEndpoint?
  private var context: ChannelHandlerContext?
  /// Bytes of a frame that is not all there yet.
  private var partial = ByteBuffer()
  private var out = ByteBuffer()

  init(framing: ModbusFraming) { self.framing = framing }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    endpoint = nil
  }

  /// Reports to `endpoint` from now on.
  func attach(_ endpoint: ModbusEndpoint) { self.endpoint = endpoint }

  /// Reports nothing from now on, and closes.
  ///
  /// - Parameter orderly: false: at once, without the goodbye of TLS, for which a device with one connection to give
  ///   would keep the next one waiting.
  func detach(orderly: Bool) {
    endpoint = nil
    guard let context else { return }
    let tls =
      orderly ? nil : try? context.pipeline.syncOperations.context(handlerType: NIOSSLClientHandler.self)
    (tls ?? context).close(promise: nil)
  }

  func send(_ request: ModbusRequest, transactionId: UInt16, unitId: UInt8) {
    guard let context else { return }
    out.clear()
    do throws(RequestFault) {
      try framing.write(transactionId: transactionId, unitId: unitId, to: &out) {
        (buffer: inout ByteBuffer) throws(RequestFault) in
        try request.write(to: &buffer)
      }
    } catch {
      // The machine validated it before; nothing is sent, and the request times out.
      return
    }
    context.writeAndFlush(wrapOutboundOut(out), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if partial.readableBytes > 0 {
      partial.writeBuffer(&bytes)
      bytes = partial
      partial = ByteBuffer()
    }
    do throws(WireFailure) {
      while let endpoint, let frame = try framing.read(.response, from: &bytes) { endpoint.received(frame) }
      if bytes.readableBytes > 0 { partial = bytes }
    } catch {
      endpoint?.broken(error)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    endpoint?.broken(
      partial.readableBytes > 0 ? .shortFrame(received: partial.readableBytes) : .connectionClosed)
    endpoint = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let endpoint {
      endpoint.broken(WireFailure(error))
    } else {
      context.close(promise: nil)
    }
  }
}
