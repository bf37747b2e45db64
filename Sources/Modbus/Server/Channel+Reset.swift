import NIOCore
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ChannelHandlerContext {
  /// Drops what is unsent and sends RST: that is what closing with a linger time of 0 means. TLS is not asked: it
  /// would say goodbye first.
  func reset() {
    if let socket = channel as? any SocketOptionProvider {
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    let tls = try? pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
    (tls ?? self).close(promise: nil)
  }
}
