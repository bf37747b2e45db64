/// An exception code, as a device sends it when it refuses a request
/// (Application Protocol V1.1b3, section 7). Codes without a name are kept as they came.
public struct ModbusException: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  public static let illegalFunction = ModbusException(rawValue: 0x01)
  public static let illegalDataAddress = ModbusException(rawValue: 0x02)
  public static let illegalDataValue = ModbusException(rawValue: 0x03)
  public static let serverDeviceFailure = ModbusException(rawValue: 0x04)
  /// Accepted, still working on it.
  public static let acknowledge = ModbusException(rawValue: 0x05)
  /// Busy: ask again later. Not a failure of the device.
  public static let busy = ModbusException(rawValue: 0x06)
  public static let negativeAcknowledge = ModbusException(rawValue: 0x07)
  public static let memoryParityError = ModbusException(rawValue: 0x08)
  public static let gatewayPathUnavailable = ModbusException(rawValue: 0x0A)
  public static let gatewayTargetFailedToRespond = ModbusException(rawValue: 0x0B)

  /// The name in the specification, nil for codes it does not define.
  public var name: String? {
    switch self {
    case .illegalFunction: "illegal function"
    case .illegalDataAddress: "illegal data address"
    case .illegalDataValue: "illegal data value"
    case .serverDeviceFailure: "server device failure"
    case .acknowledge: "acknowledge"
    case .busy: "server device busy"
    case .negativeAcknowledge: "negative acknowledge"
    case .memoryParityError: "memory parity error"
    case .gatewayPathUnavailable: "gateway path unavailable"
    case .gatewayTargetFailedToRespond: "gateway target device failed to respond"
    default: nil
    }
  }
}

extension ModbusException: CustomStringConvertible {
  /// For example `exception 0x02 (illegal data address)`.
  public var description: String {
    "exception \(hexadecimal(rawValue)) (\(name ?? "not in the specification"))"
  }
}

/// `0x` and two or four digits, as protocol documents write numbers.
func hexadecimal<Value: FixedWidthInteger & UnsignedInteger>(_ value: Value) -> String {
  let digits = String(value, radix: 16, uppercase: true)
  return "0x" + String(repeating: "0", count: max(0, Value.bitWidth / 4 - digits.count)) + digits
}
