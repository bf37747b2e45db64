import NIOCore
import NIOTLS

/// Tells when a client's TLS handshake is over. Comes right after the TLS handler in the pipeline.
final class HandshakeHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private var outcome: Result<Void, WireFailure>?
  private var waiting: EventLoopPromise<Void>?

  /// Done when the handshake is. To be asked once.
  func completed(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
    let promise = eventLoop.makePromise(of: Void.self)
    if let outcome {
      promise.completeWith(outcome.mapError { $0 as any Error })
    } else {
      waiting = promise
    }
    return promise.futureResult
  }

  /// The first outcome counts. False when there was one already.
  @discardableResult
  func finish(_ outcome: Result<Void, WireFailure>) -> Bool {
    guard self.outcome == nil else { return false }
    self.outcome = outcome
    waiting?.completeWith(outcome.mapError { $0 as any Error })
    waiting = nil
    return true
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { finish(.success(())) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if finish(.failure(WireFailure(error))) {
      context.close(promise: nil)
    } else {
      context.fireErrorCaught(error)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    finish(.failure(.tls("the device closed the connection during the handshake")))
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { finish(.failure(.connectionClosed)) }
}
