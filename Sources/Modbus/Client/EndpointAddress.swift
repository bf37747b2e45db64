/// What a device's requests travel over. Two devices with equal addresses share one connection.
public enum EndpointAddress: Sendable, Hashable {
  /// Any framing over TCP. `host` is an IPv4 or IPv6 address or a name, resolved anew for each connection.
  case tcp(host: String, port: Int, framing: ModbusFraming = .mbap)
  case serial(SerialPort)
  /// Modbus/TCP Security: Modbus/TCP inside TLS, both sides with a certificate.
  case secure(host: String, port: Int, TLSIdentity = TLSIdentity())
}

extension EndpointAddress: CustomStringConvertible {
  /// As a person would write it, such as `10.0.0.7:502` or `rtu+tcp://[fe80::1]:4001`.
  public var description: String {
    switch self {
    case .tcp(let host, let port, let framing):
      let scheme =
        switch framing {
        case .mbap: ""
        case .rtu: "rtu+tcp://"
        case .ascii: "ascii+tcp://"
        }
      return scheme + Self.place(host, port)
    case .secure(let host, let port, _): return "mbaps://" + Self.place(host, port)
    case .serial(let line): return line.description
    }
  }

  private static func place(_ host: String, _ port: Int) -> String {
    (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }

  /// How PDUs are framed there.
  public var framing: ModbusFraming {
    switch self {
    case .tcp(_, _, let framing): framing
    case .secure: .mbap
    case .serial(let line): line.framing
    }
  }

  /// Between an answer and the next request the line must be silent this long, whatever a device's options say.
  var leastPause: Duration {
    switch self {
    case .tcp, .secure: .zero
    case .serial(let line): line.frameGap
    }
  }
}
