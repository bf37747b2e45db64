import NIOCore
import NIOPosix

extension EndpointAddress {
  /// Makes the connection, with a `ClientChannelHandler` in its pipeline.
  ///
  /// - Parameter credentials: for `secure`; fails there without any.
  func connect(
    on loop: any EventLoop, timeout: Duration, credentials: ClientCredentials? = nil
  ) -> EventLoopFuture<any Channel> {
    switch self {
    case .tcp(let host, let port, let framing):
      let bootstrap = Self.bootstrap(on: loop, timeout: timeout).channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(ClientChannelHandler(framing: framing))
        }
      }
      return Self.connect(bootstrap, host: host, port: port)
    case .secure(let host, let port, let identity):
      return Self.connect(host: host, port: port, identity, credentials, on: loop, timeout: timeout)
    case .serial(let line): return line.connect(on: loop)
    }
  }

  static func bootstrap(on loop: any EventLoop, timeout: Duration) -> ClientBootstrap {
    ClientBootstrap(group: loop)
      .connectTimeout(TimeAmount(timeout))
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelOption(.socketOption(.so_keepalive), value: 1)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveBytes))
  }

  /// An address goes straight to the socket; a name is resolved and its addresses are tried in turn.
  static func connect(
    _ bootstrap: ClientBootstrap, host: String, port: Int
  ) -> EventLoopFuture<any Channel> {
    if let address = try? SocketAddress(ipAddress: host, port: port) {
      bootstrap.connect(to: address)
    } else {
      bootstrap.connect(host: host, port: port)
    }
  }

  /// Nearly the largest frame of any framing (ASCII's 513); a power of two, which is what NIO rounds up to. A longer
  /// burst takes another read.
  private static let receiveBytes = 512
}
