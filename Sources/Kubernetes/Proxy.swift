import Foundation

/// A proxy between us and the API server.
public struct Proxy: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// HTTP `CONNECT`.
    case http
    case socks5
  }

  public var kind: Kind
  public var host: String
  public var port: Int
  public var user: String?
  public var password: Secret?

  /// From `http://user:password@host:port` or `socks5://host:port`; throws a `RequestError` saying what is
  /// wrong.
  public init(url text: String) throws(RequestError) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
      let host = parts.host, !host.isEmpty
    else { throw RequestError(message: "is no URL of the form http://host:port or socks5://host:port") }
    switch scheme {
    case "http": kind = .http
    case "socks5", "socks5h": kind = .socks5
    case "https":
      throw RequestError(message: "TLS to the proxy itself is not supported; use http:// or socks5://")
    default: throw RequestError(message: "unknown proxy scheme \"\(scheme)\"; use http:// or socks5://")
    }
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    port = parts.port ?? (kind == .http ? 80 : 1080)
    user = parts.user
    password = parts.password.map { Secret($0) }
  }

  /// The proxy that `HTTPS_PROXY`/`HTTP_PROXY` and `NO_PROXY` ask for, in either case, as Go programs read
  /// them: the local machine is never proxied.
  public static func fromEnvironment(
    _ environment: [String: String], for server: ClusterConfiguration.Server
  ) throws(RequestError) -> Proxy? {
    let name = server.isTLS ? "HTTPS_PROXY" : "HTTP_PROXY"
    let value = environment[name] ?? environment[name.lowercased()] ?? ""
    guard !value.isEmpty else { return nil }
    let exceptions = environment["NO_PROXY"] ?? environment["no_proxy"] ?? ""
    guard !isException(server, exceptions) else { return nil }
    do {
      return try Proxy(url: value.contains("://") ? value : "http://" + value)
    } catch {
      throw RequestError(message: "environment variable \(name) \(error.message)")
    }
  }

  private static func isException(_ server: ClusterConfiguration.Server, _ list: String) -> Bool {
    let host = server.host.lowercased()
    if host == "localhost" || host.hasPrefix("127.") || host == "::1" { return true }
    for entry in list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }) {
      var entry = String(entry)
      if entry == "*" { return true }
      if entry.hasSuffix(":\(server.port)"), entry.filter({ $0 == ":" }).count == 1 {
        entry.removeLast(String(server.port).count + 1)
      }
      if entry.contains("/") {
        if isInside(host, network: entry) { return true }
      } else if entry.hasPrefix("*.") || entry.hasPrefix(".") {
        if host.hasSuffix(entry.drop(while: { $0 == "*" })) { return true }
      } else if host == entry || host.hasSuffix("." + entry) {
        return true
      }
    }
    return false
  }

  /// IPv4 only: `10.0.0.0/8`.
  private static func isInside(_ host: String, network: String) -> Bool {
    let parts = network.split(separator: "/")
    guard parts.count == 2, let bits = UInt32(parts[1]), bits <= 32,
      let base = ipv4(String(parts[0])), let address = ipv4(host)
    else { return false }
    let mask: UInt32 = bits == 0 ? 0 : UInt32.max << (32 - bits)
    return base & mask == address & mask
  }

  private static func ipv4(_ text: String) -> UInt32? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard let octet = UInt8(part) else { return nil }
      value = value << 8 | UInt32(octet)
    }
    return value
  }
}
