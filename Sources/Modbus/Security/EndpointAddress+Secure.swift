import NIOCore
import NIOPosix
import NIOSSL

extension EndpointAddress {
  /// Makes a connection with TLS inside: credentials, socket, handshake, all of them within `timeout`.
  static func connect(
    host: String, port: Int, _ identity: TLSIdentity, _ credentials: ClientCredentials?,
    on loop: any EventLoop, timeout: Duration
  ) -> EventLoopFuture<any Channel> {
    guard let credentials else {
      return loop.makeFailedFuture(WireFailure.tls("this program was given no directory of credentials"))
    }
    let deadline = loop.now + TimeAmount(timeout)
    let name = identity.serverName ?? host
    return credentials.context(identity.credentials).flatMap { context in
      let secure = bootstrap(on: loop, timeout: timeout).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          // An address is no server name: the certificate is then checked against the address.
          let sni = (try? SocketAddress(ipAddress: name, port: 0)) == nil ? name : nil
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(try NIOSSLClientHandler(context: context, serverHostname: sni))
          try pipeline.addHandlers(
            HandshakeHandler(serverName: identity.serverName), ClientChannelHandler(framing: .mbap))
        }
      }
      return connect(secure, host: host, port: port).flatMap { channel in handshaken(channel, deadline) }
    }
  }

  private static func handshaken(
    _ channel: any Channel, _ deadline: NIODeadline
  ) -> EventLoopFuture<any Channel> {
    let loop = channel.eventLoop
    guard let handshake = try? channel.pipeline.syncOperations.handler(type: HandshakeHandler.self) else {
      return loop.makeFailedFuture(WireFailure.connectionClosed)
    }
    let limit = loop.assumeIsolated().scheduleTask(deadline: deadline) {
      if handshake.finish(.failure(.connectTimedOut)) { channel.close(promise: nil) }
    }
    return handshake.completed(on: loop).map { channel }.always { _ in limit.cancel() }
  }
}
