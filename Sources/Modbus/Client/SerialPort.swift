/// A serial line and how it is set (Modbus over Serial Line V1.02, section 2.5). The defaults are the
/// specification's: 19200 baud, even parity, one stop bit.
public struct SerialPort: Sendable, Hashable {
  public enum Parity: String, Sendable, Hashable, CaseIterable {
    case none, even, odd
  }

  /// The device file, such as `/dev/ttyUSB0`.
  public var path: String
  /// Bits a second; one of `bauds`.
  public var baud: Int
  public var parity: Parity
  /// 7 or 8; RTU needs 8.
  public var dataBits: Int
  /// 1 or 2.
  public var stopBits: Int
  /// `.rtu` or `.ascii`.
  public var framing: ModbusFraming

  public init(
    path: String, baud: Int = 19200, parity: Parity = .even, dataBits: Int = 8, stopBits: Int = 1,
    framing: ModbusFraming = .rtu
  ) {
    self.path = path
    self.baud = baud
    self.parity = parity
    self.dataBits = dataBits
    self.stopBits = stopBits
    self.framing = framing
  }

  /// Speeds that every system knows.
  public static let bauds = [
    300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115_200, 230_400,
  ]

  /// The silence that ends an RTU frame: 3.5 characters, and never less than 1.75 ms (section 2.5.1.1).
  public var frameGap: Duration {
    guard framing == .rtu else { return .zero }
    guard baud > 0, baud <= 19200 else { return .microseconds(1750) }
    let bits = 1 + dataBits + (parity == .none ? 0 : 1) + stopBits
    return .nanoseconds(3_500_000_000 * bits / baud)
  }
}

extension SerialPort: CustomStringConvertible {
  /// As it is written in a manifest.
  public var description: String {
    "serial://\(path)?baud=\(baud)&parity=\(parity)&data=\(dataBits)&stop=\(stopBits)&mode=\(framing)"
  }
}
