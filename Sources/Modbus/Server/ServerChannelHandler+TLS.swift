import NIOCore
import NIOSSL
import NIOTLS

extension ServerChannelHandler {
  /// How long a client may take to show its certificate.
  private static let handshakeLimit = TimeAmount.seconds(10)

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent {
      let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate()
      connection.role = certificate.flatMap { CertificateRole.role(in: $0) }
      open()
    }
    context.fireUserInboundEventTriggered(event)
  }

  func limitHandshake() {
    connection.eventLoop.assumeIsolated().scheduleTask(in: Self.handshakeLimit) { [weak self] in
      guard let self, case .opening = self.state else { return }
      self.connection.abort()
    }
  }
}
