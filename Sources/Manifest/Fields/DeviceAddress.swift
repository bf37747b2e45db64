import Foundation

/// Where a device is: a host name, an IPv4 or IPv6 address, or a URL of another transport.
enum DeviceAddress {
  static let schemes = ["mbaps", "rtu+tcp", "ascii+tcp", "serial"]
  /// Modbus/TCP Security.
  static let secureScheme = "mbaps"
  private static let plainPort = 502
  private static let securePort = 802

  static let format = TextFormat(maxLength: 253, minLength: 1, problem: problem)
  /// A host name, and no address.
  static let nameFormat = TextFormat(maxLength: 253, minLength: 1) { text in
    isIPv4(text) || isIPv6(text)
      ? "must be a name: where deviceAddress is an address, that is looked for in the certificate"
      : hostProblem(text)
  }

  static func problem(_ text: String) -> String? {
    let (scheme, rest) = parts(text)
    return scheme.map { urlProblem(scheme: $0, rest: rest) } ?? hostProblem(text)
  }

  /// `nil` for a host alone.
  static func parts(_ text: String) -> (scheme: String?, rest: String) {
    guard let range = text.range(of: "://") else { return (nil, text) }
    return (String(text[..<range.lowerBound]), String(text[range.upperBound...]))
  }

  /// The port that is meant: the URL's, else the one given. For `mbaps://` the port of plain Modbus/TCP, which the
  /// API server fills in where none is given, means that of Modbus/TCP Security.
  static func port(of text: String, given: Int?) -> Int {
    let (scheme, rest) = parts(text)
    if let scheme, scheme != "serial", let port = place(rest).port.flatMap({ Int($0) }) { return port }
    let given = given ?? plainPort
    return scheme == secureScheme && given == plainPort ? securePort : given
  }

  /// The same place without a port of its own, to compare addresses.
  static func withoutPort(_ text: String) -> String {
    let (scheme, rest) = parts(text)
    guard let scheme, scheme != "serial" else { return text }
    return scheme + "://" + place(rest).host
  }

  private static func urlProblem(scheme: String, rest: String) -> String? {
    guard schemes.contains(scheme) else {
      return "unknown transport \(scheme):// (known: \(schemes.map { $0 + "://" }.joined(separator: ", ")))"
    }
    if scheme == "serial" { return SerialAddress.problem(rest) }
    let (host, port, isBracketed) = place(rest)
    if let port, !(1...65_535).contains(Int(port) ?? 0) || !port.allSatisfy(\.isASCIIDigit) {
      return "port \(port) is not 1...65535"
    }
    if isBracketed, !isIPv6(host) { return "not an IPv6 address" }
    return hostProblem(host)
  }

  /// `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
  private static func place(_ text: String) -> (host: String, port: String?, isBracketed: Bool) {
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
      let host = String(text[text.index(after: text.startIndex)..<end])
      let after = text[text.index(after: end)...]
      guard !after.isEmpty else { return (host, nil, true) }
      return after.first == ":" ? (host, String(after.dropFirst()), true) : (text, nil, true)
    }
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    return parts.count == 2 ? (String(parts[0]), String(parts[1]), false) : (text, nil, false)
  }

  static func hostProblem(_ host: String) -> String? {
    if host.hasPrefix("[") { return "write an IPv6 address without brackets; the port goes into spec.port" }
    if host.contains(":") {
      if isIPv6(host) { return nil }
      let parts = host.split(separator: ":", omittingEmptySubsequences: false)
      if parts.count == 2, hostProblem(String(parts[0])) == nil, parts[1].allSatisfy(\.isASCIIDigit) {
        return "the port goes into spec.port"
      }
      return "not an IPv6 address"
    }
    if host.contains("/") || host.contains(" ") { return "not a host name or address" }
    let labels = host.split(separator: ".", omittingEmptySubsequences: false)
    if let last = labels.last, !last.isEmpty, last.allSatisfy(\.isASCIIDigit) {
      return isIPv4(host) ? nil : "not an IPv4 address"
    }
    let good = labels.allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
        && label.allSatisfy { $0.isASCIILetterOrDigit || $0 == "-" || $0 == "_" }
    }
    return good ? nil : "not a host name"
  }

  /// Four decimal numbers, without leading zeros, which some resolvers take for octal.
  private static func isIPv4(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4
      && parts.allSatisfy { part in
        part.allSatisfy(\.isASCIIDigit) && (part == "0" || part.first != "0") && UInt8(part) != nil
      }
  }

  /// With an optional zone (`fe80::1%eth0`).
  private static func isIPv6(_ text: String) -> Bool {
    let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    guard let address = parts.first else { return false }
    if parts.count == 2 {
      let zone = parts[1]
      guard (1...15).contains(zone.utf8.count),
        zone.allSatisfy({ $0.isASCIILetterOrDigit || "-_.".contains($0) })
      else { return false }
    }
    var storage = in6_addr()
    return inet_pton(AF_INET6, String(address), &storage) == 1
  }
}
