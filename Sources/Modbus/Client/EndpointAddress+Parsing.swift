/// Why a device address cannot be used.
public enum EndpointAddressFault: Error, Sendable, Hashable {
  case unknownTransport(String)
  case noHost
  case port(String)
  case serialOption(String)
}

extension EndpointAddressFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownTransport(let scheme):
      "unknown transport \(scheme):// (known: tcp://, mbaps://, rtu+tcp://, ascii+tcp://, serial://)"
    case .noHost: "there is no host or path in it"
    case .port(let text): "port \(text) is not 1...65535"
    case .serialOption(let text):
      "serial option \(text) is none of baud=300...230400, parity=none|even|odd, data=7|8, stop=1|2, "
        + "mode=rtu|ascii"
    }
  }
}

extension EndpointAddress {
  /// The address that a manifest's `deviceAddress` and `port` mean: a host alone (Modbus/TCP), or a URL
  /// `tcp://`, `mbaps://`, `rtu+tcp://` or `ascii+tcp://` with a host and perhaps a port of its own, or
  /// `serial:///dev/ttyUSB0?baud=19200&parity=even`.
  ///
  /// - Parameters:
  ///   - port: where the URL has none; 502, the default of every manifest, means 802 for `mbaps://`.
  ///   - identity: for `mbaps://`.
  public init(
    deviceAddress: String, port: Int = 502, identity: TLSIdentity = TLSIdentity()
  ) throws(EndpointAddressFault) {
    var rest = deviceAddress[...]
    var scheme = "tcp"
    if let separator = deviceAddress.firstRange(of: "://") {
      scheme = deviceAddress[..<separator.lowerBound].lowercased()
      rest = deviceAddress[separator.upperBound...]
    }
    switch scheme {
    case "tcp": self = try Self.network(rest, port, .mbap)
    case "rtu+tcp": self = try Self.network(rest, port, .rtu)
    case "ascii+tcp": self = try Self.network(rest, port, .ascii)
    case "serial": self = .serial(try Self.line(rest))
    case "mbaps":
      let (host, port) = try Self.place(rest, port == 502 ? 802 : port)
      self = .secure(host: host, port: port, identity)
    default: throw .unknownTransport(scheme)
    }
  }

  private static func network(
    _ text: Substring, _ port: Int, _ framing: ModbusFraming
  ) throws(EndpointAddressFault) -> EndpointAddress {
    let (host, port) = try place(text, port)
    return .tcp(host: host, port: port, framing: framing)
  }

  /// `host`, `host:port`, `[v6]`, `[v6]:port` or a bare IPv6 address.
  private static func place(
    _ text: Substring, _ port: Int
  ) throws(EndpointAddressFault) -> (host: String, port: Int) {
    var host = text
    var port = port
    var portText: Substring?
    if text.first == "[", let end = text.firstIndex(of: "]") {
      host = text[text.index(after: text.startIndex)..<end]
      let after = text[text.index(after: end)...]
      if !after.isEmpty {
        guard after.first == ":" else { throw .port(String(after)) }
        portText = after.dropFirst()
      }
    } else if let colon = text.firstIndex(of: ":"), text.lastIndex(of: ":") == colon {
      host = text[..<colon]
      portText = text[text.index(after: colon)...]
    }
    if let portText {
      guard let number = Int(portText) else { throw .port(String(portText)) }
      port = number
    }
    guard (1...65535).contains(port) else { throw .port("\(port)") }
    guard !host.isEmpty else { throw .noHost }
    return (host.lowercased(), port)
  }

  private static func line(_ text: Substring) throws(EndpointAddressFault) -> SerialPort {
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    guard let path = parts.first, path.first == "/", path.count > 1 else { throw .noHost }
    var line = SerialPort(path: String(path))
    guard parts.count == 2 else { return line }
    for option in parts[1].split(separator: "&") {
      let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, set(&line, String(pair[0]), String(pair[1])) else {
        throw .serialOption(String(option))
      }
    }
    return line
  }

  private static func set(_ line: inout SerialPort, _ key: String, _ value: String) -> Bool {
    switch key {
    case "baud":
      guard let baud = Int(value), SerialPort.bauds.contains(baud) else { return false }
      line.baud = baud
    case "parity":
      guard let parity = SerialPort.Parity(rawValue: value) else { return false }
      line.parity = parity
    case "data":
      guard let bits = Int(value), bits == 7 || bits == 8 else { return false }
      line.dataBits = bits
    case "stop":
      guard let bits = Int(value), bits == 1 || bits == 2 else { return false }
      line.stopBits = bits
    case "mode":
      guard value == "rtu" || value == "ascii" else { return false }
      line.framing = value == "rtu" ? .rtu : .ascii
    default: return false
    }
    return true
  }
}
