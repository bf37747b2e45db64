import NIOCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ChannelHandlerContext {
  /// Drops what is unsent and sends RST: that is what closing with a linger time of 0 means.
  func reset() {
    if let socket = channel as? any SocketOptionProvider {
      _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }
    close(promise: nil)
  }
}
