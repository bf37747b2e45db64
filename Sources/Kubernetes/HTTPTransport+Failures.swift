import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension HTTPTransport {
  /// Sorts what the layers below throw into the ways a wire can fail.
  func failure(_ error: any Error) -> TransportFailure {
    func make(_ kind: TransportFailure.Kind, _ message: String) -> TransportFailure {
      TransportFailure(kind, server: server, message: message)
    }
    switch error {
    case is CancellationError: return make(.cancelled, "cancelled")
    case is DeadlineExceeded: return make(.timeout, "no whole answer within the time allowed")
    case let error as LineTooLong: return make(.tooLarge, error.description)
    case let error as WatchLineError: return make(.malformed, error.description)
    case let error as NIOTooManyBytesError:
      return make(.tooLarge, error.maxBytes.map { "more than \($0) bytes" } ?? "more than allowed")
    case let error as HTTPClientError: return failure(error, make)
    case let error as NIOConnectionError:
      let reason = error.connectionErrors.last.map { shortReason($0.error) }
      let lookup = error.dnsAError ?? error.dnsAAAAError
      return make(
        .connect, reason ?? lookup.map { "host name \(error.host) not found (\($0))" } ?? "\(error)")
    case let error as NIOSSLError: return make(tlsKind(error), tlsReason("\(error)"))
    case is NIOSSLExtraError: return make(.tls, tlsReason("\(error)"))
    case is SocketAddressError: return make(.connect, "host name not found")
    // The server went away in the middle of an answer.
    case HTTPParserError.invalidEOFState: return make(.broken, "closed inside an answer")
    case is HTTPParserError: return make(.malformed, "not HTTP: \(error)")
    case let error as IOError:
      let isUnsent = [ECONNREFUSED, ENETUNREACH, EHOSTUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
      return make(isUnsent ? .connect : .broken, shortReason(error))
    default: return make(.broken, "\(error)")
    }
  }

  private func failure(
    _ error: HTTPClientError, _ make: (TransportFailure.Kind, String) -> TransportFailure
  ) -> TransportFailure {
    switch error {
    case .cancelled, .alreadyShutdown: return make(.cancelled, error.shortDescription)
    case .connectTimeout, .getConnectionFromPoolTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout:
      return make(.connect, "timed out")
    case .tlsHandshakeTimeout: return make(.tls, "handshake timed out")
    case .readTimeout: return make(.timeout, "nothing was heard")
    case .writeTimeout, .deadlineExceeded: return make(.timeout, "no answer within the time allowed")
    case .invalidProxyResponse: return make(.connect, "the proxy refused the connection")
    case .proxyAuthenticationRequired:
      return make(.connect, "the proxy wants a user and password in proxy-url")
    case .remoteConnectionClosed, .uncleanShutdown: return make(.broken, "closed by the other side")
    default: return make(.broken, error.shortDescription)
    }
  }

  private func shortReason(_ error: any Error) -> String {
    switch error {
    case let error as IOError: return String(cString: strerror(error.errnoCode))
    case ChannelError.connectTimeout: return "timed out"
    default: return "\(error)"
    }
  }

  private func tlsKind(_ error: NIOSSLError) -> TransportFailure.Kind {
    if case .uncleanShutdown = error { return .broken }
    return .tls
  }

  private func tlsReason(_ text: String) -> String {
    if text.contains("CERTIFICATE_VERIFY_FAILED") {
      return "the server's certificate is not trusted; check certificate-authority and tls-server-name"
    }
    if text.contains("ailedToValidateHostname") || text.contains("hostname") {
      return "the server's certificate is for another name; check server and tls-server-name"
    }
    if text.contains("WRONG_VERSION_NUMBER") { return "the other side does not speak TLS" }
    return text
  }
}
