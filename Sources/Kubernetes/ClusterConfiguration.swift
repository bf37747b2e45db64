import Foundation

/// All that is needed to reach one API server and be somebody there.
///
/// Made from a kubeconfig context or from a pod's service account; file contents are read later, and again
/// when they change, so that rotated certificates and tokens are picked up.
public struct ClusterConfiguration: Hashable, Sendable {
  /// Where the server is.
  public struct Server: Hashable, Sendable, CustomStringConvertible {
    public var isTLS: Bool
    /// Without brackets, also for IPv6.
    public var host: String
    public var port: Int
    /// Empty, or begins with `/` and does not end with one.
    public var pathPrefix: String
    /// A Unix-domain socket to connect to instead of `host` and `port`.
    public var socketPath: String?

    public init(isTLS: Bool, host: String, port: Int, pathPrefix: String = "") {
      self.isTLS = isTLS
      self.host = host
      self.port = port
      self.pathPrefix = pathPrefix
    }

    /// `host:port`, IPv6 in brackets.
    var authority: String { Self.bracketed(host) + ":\(port)" }

    static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    /// A server behind a Unix-domain socket.
    public init(socketPath: String) {
      self.init(isTLS: false, host: "localhost", port: 80)
      self.socketPath = socketPath
    }

    /// From `https://host:port/path`; throws a `RequestError` that says what is wrong.
    public init(url text: String) throws(RequestError) {
      guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
        scheme == "https" || scheme == "http", let host = parts.host, !host.isEmpty
      else { throw RequestError(message: "\"\(text)\" is no URL of the form https://host:port") }
      guard parts.user == nil, parts.query == nil, parts.fragment == nil else {
        throw RequestError(message: "must be scheme, host, port and path only")
      }
      let port = parts.port ?? (scheme == "https" ? 443 : 80)
      guard (1...65535).contains(port) else { throw RequestError(message: "port \(port) is not 1...65535") }
      var prefix = parts.percentEncodedPath
      while prefix.hasSuffix("/") { prefix.removeLast() }
      self.init(
        isTLS: scheme == "https", host: host.trimmingCharacters(in: CharacterSet(charactersIn: "[]")),
        port: port, pathPrefix: prefix)
    }

    public var description: String {
      if let socketPath { return socketPath }
      return "\(isTLS ? "https" : "http")://\(authority)\(pathPrefix)"
    }
  }

  public enum Trust: Hashable, Sendable {
    /// The machine's own certificate authorities.
    case system
    case authorities(PEMSource)
    /// `insecure-skip-tls-verify`: anybody may claim to be the server.
    case anybody
  }

  public struct ClientCertificate: Hashable, Sendable {
    public var chain: PEMSource
    public var key: PEMSource

    public init(chain: PEMSource, key: PEMSource) {
      self.chain = chain
      self.key = key
    }
  }

  public enum Login: Hashable, Sendable {
    case none
    case token(Secret)
    /// A file that is read again every minute and after a 401.
    case tokenFile(String)
    case basic(user: String, password: Secret)
    case exec(ExecPlugin)
  }

  public struct Impersonation: Hashable, Sendable {
    public var user: String
    public var groups: [String] = []
    public var uid: String?
    public var extra: [String: [String]] = [:]

    public init(user: String) { self.user = user }
  }

  /// For messages: the context's name, or `in-cluster`.
  public var name: String
  public var server: Server
  public var trust: Trust
  /// The name to verify the certificate against, when not the server's host.
  public var tlsServerName: String?
  public var proxy: Proxy?
  public var clientCertificate: ClientCertificate?
  public var login: Login
  public var impersonation: Impersonation?
  /// The namespace to use when the user names none.
  public var namespace: String?

  public init(name: String, server: Server, trust: Trust = .system, login: Login = .none) {
    self.name = name
    self.server = server
    self.trust = trust
    self.login = login
  }
}

/// PEM text, given or in a file.
public enum PEMSource: Hashable, Sendable {
  case inline(Secret)
  case file(String)
}

/// A text that does not show itself in logs, descriptions or dumps.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  let value: String

  public init(_ value: String) { self.value = value }

  public var description: String { "<secret>" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
