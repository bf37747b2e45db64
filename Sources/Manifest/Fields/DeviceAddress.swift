import Foundation

/// Where a device is: a host name, an IPv4 or IPv6 address, or a URL of another transport.
enum DeviceAddress {
  static let schemes = ["mbaps", "rtu+tcp", "ascii+tcp", "serial"]

  static let format = TextFormat(maxLength: 253, minLength: 1, problem: problem)

  static func problem(_ text: String) -> String? {
    if let range = text.range(of: "://") {
      return urlProblem(scheme: String(text[..<range.lowerBound]), rest: String(text[range.upperBound...]))
    }
    return hostProblem(text)
  }

  private static func urlProblem(scheme: String, rest: String) -> String? {
    guard schemes.contains(scheme) else {
      return "unknown transport \(scheme):// (known: \(schemes.map { $0 + "://" }.joined(separator: ", ")))"
    }
    if scheme == "serial" {
      return rest.hasPrefix("/") && !rest.contains(" ")
        ? nil : "a serial port is written serial:///dev/ttyUSB0"
    }
    return hostProblem(rest)
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
