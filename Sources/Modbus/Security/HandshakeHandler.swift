import NIOCore
import NIOSSL
import NIOTLS

/// Tells when a client's TLS handshake is over. Comes right after the TLS handler in the pipeline.
final class HandshakeHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// The name that the device's certificate must carry; nil: what the TLS library has checked is enough.
  private let serverName: String?
  private var outcome: Result<Void, WireFailure>?
  private var waiting: EventLoopPromise<Void>?

  init(serverName: String?) { self.serverName = serverName }

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
    if case .handshakeCompleted? = event as? TLSUserEvent {
      if isNamed(context) {
        finish(.success(()))
      } else if finish(.failure(.otherName)) {
        context.close(promise: nil)
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  private func isNamed(_ context: ChannelHandlerContext) -> Bool {
    guard let serverName else { return true }
    guard let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate() else {
      return false
    }
    return CertificateName.matches(serverName, in: certificate)
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
