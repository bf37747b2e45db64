import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension WireFailure {
  /// The failure behind an error of NIO or the operating system.
  init(_ error: any Error) {
    switch error {
    case let failure as WireFailure: self = failure
    case let io as IOError: self.init(errno: io.errnoCode)
    case let connection as NIOConnectionError: self.init(connection)
    case ChannelError.connectTimeout: self = .connectTimedOut
    case ChannelError.eof, ChannelError.ioOnClosedChannel, ChannelError.alreadyClosed:
      self = .connectionClosed
    case SocketAddressError.unknown(let host, _): self = .nameNotResolved(host)
    default: self = WireFailure(tls: error) ?? .io("\(error)")
    }
  }

  /// Of several addresses tried, the first one's failure: the system's preferred address.
  private init(_ error: NIOConnectionError) {
    if let first = error.connectionErrors.first {
      self.init(first.error)
    } else if error.dnsAError != nil || error.dnsAAAAError != nil {
      self = .nameNotResolved(error.host)
    } else {
      self = .connectTimedOut
    }
  }

  private init(errno code: CInt) {
    switch code {
    case ECONNREFUSED: self = .connectionRefused
    case ECONNRESET, ECONNABORTED, EPIPE: self = .connectionReset
    case ETIMEDOUT: self = .connectTimedOut
    case EHOSTUNREACH: self = .unreachable("no route to host")
    case ENETUNREACH: self = .unreachable("network is unreachable")
    case EHOSTDOWN: self = .unreachable("host is down")
    case ENETDOWN: self = .unreachable("network is down")
    case EADDRNOTAVAIL: self = .unreachable("address not available")
    case EMFILE, ENFILE: self = .io("too many open files")
    default: self = .io(strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }
  }
}
