/// Why a request has no answer to give: four ways that never mix.
public enum ClientError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The server answered no.
  case refused(StatusError)
  /// No whole answer arrived.
  case transport(TransportFailure)
  /// Credentials could not be had, so nothing was sent.
  case credentials(CredentialError)
  /// An answer arrived that does not fit the type asked for.
  case undecodable(String)
  /// The request could not be built.
  case request(RequestError)

  public var description: String {
    switch self {
    case .refused(let error): return error.description
    case .transport(let failure): return failure.description
    case .credentials(let error): return error.description
    case .undecodable(let message): return message
    case .request(let error): return error.description
    }
  }

  /// The refusal's reason, when the server refused.
  public var reason: StatusError.Reason? {
    if case .refused(let error) = self { return error.reason }
    return nil
  }

  public var isNotFound: Bool { reason == .notFound }
  public var isConflict: Bool { reason == .conflict }
  public var isGone: Bool { reason == .gone }
  public var isCancelled: Bool {
    if case .transport(let failure) = self { return failure.kind == .cancelled }
    return false
  }
}

/// The wire failed: no whole answer arrived.
public struct TransportFailure: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// No connection, so nothing was sent: refused, unreachable, name not found.
    case connect
    /// The server's certificate is not trusted, or it refused ours.
    case tls
    case timeout
    /// The connection broke after the request may have been sent.
    case broken
    /// The answer is larger than the limit; reading stopped there.
    case tooLarge
    /// What arrived is not the protocol expected.
    case malformed
    /// The task that asked was cancelled.
    case cancelled
  }

  public var kind: Kind
  /// `https://host:port`
  public var server: String
  public var message: String

  public init(_ kind: Kind, server: String, message: String) {
    self.kind = kind
    self.server = server
    self.message = oneLine(message)
  }

  /// True when the request certainly did not reach the server.
  public var isUnsent: Bool { kind == .connect || kind == .tls }

  public var description: String {
    switch kind {
    case .connect: return "cannot connect to \(server): \(message)"
    case .tls: return "TLS with \(server) failed: \(message)"
    case .timeout: return "\(server) did not answer in time: \(message)"
    case .broken: return "connection to \(server) broke: \(message)"
    case .tooLarge: return "answer from \(server) is too large: \(message)"
    case .malformed: return "\(server) sent something unexpected: \(message)"
    case .cancelled: return "request to \(server) was cancelled"
    }
  }
}

/// Credentials could not be had.
public struct CredentialError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One line: which plugin or file, what went wrong, what to try.
  public var message: String
  public init(_ message: String) { self.message = oneLine(message) }
  public var description: String { message }
}
