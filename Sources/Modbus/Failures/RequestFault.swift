/// Why a request PDU is not one that Modbus allows. The client refuses to send it; the server answers it
/// with `exception`.
public enum RequestFault: Error, Sendable, Hashable {
  case unknownFunction(UInt8)
  /// Neither MEI type 14 nor anything else this project speaks inside function 43.
  case unknownInterface(UInt8)
  case unknownIdentificationAccess(UInt8)
  /// A count outside what the function allows.
  case quantity(Int, allowed: ClosedRange<Int>)
  /// The run goes beyond address 65535.
  case addressRange(address: UInt16, count: Int)
  /// The byte count field contradicts the quantity.
  case byteCount(Int, expected: Int)
  /// Function 5 with anything other than 0x0000 and 0xFF00.
  case coilValue(UInt16)
  /// Shorter or longer than its function and counts say.
  case length(Int, expected: Int)

  /// The exception a server owes such a request (Application Protocol V1.1b3, section 6 state diagrams).
  public var exception: ModbusException {
    switch self {
    case .unknownFunction, .unknownInterface: .illegalFunction
    case .addressRange: .illegalDataAddress
    case .unknownIdentificationAccess, .quantity, .byteCount, .coilValue, .length: .illegalDataValue
    }
  }
}

extension RequestFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownFunction(let code): "function \(hexadecimal(code)) is not supported"
    case .unknownInterface(let type): "encapsulated interface type \(hexadecimal(type)) is not supported"
    case .unknownIdentificationAccess(let code): "device identification access code \(code) is not 1...4"
    case .quantity(let count, let allowed):
      "a count of \(count) is outside \(allowed.lowerBound)...\(allowed.upperBound)"
    case .addressRange(let address, let count):
      "\(count) from address \(address) goes beyond address 65535"
    case .byteCount(let found, let expected): "the byte count is \(found), expected \(expected)"
    case .coilValue(let value): "coil value \(hexadecimal(value)) is neither 0x0000 nor 0xFF00"
    case .length(let found, let expected): "the request is \(found) bytes long, expected \(expected)"
    }
  }
}

/// Why a response PDU makes no sense, by itself or as the answer to the request it was matched with.
public enum ResponseFault: Error, Sendable, Hashable {
  case unknownFunction(UInt8)
  case empty
  case length(Int, expected: Int)
  case byteCount(Int, expected: Int)
  case quantity(Int, allowed: ClosedRange<Int>)
  case addressRange(address: UInt16, count: Int)
  case coilValue(UInt16)
  case identification
  /// A write confirmed with another address, count or value than was sent.
  case echo
}

extension ResponseFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownFunction(let code): "it has function \(hexadecimal(code))"
    case .empty: "it is empty"
    case .length(let found, let expected): "it is \(found) bytes long, expected \(expected)"
    case .byteCount(let found, let expected): "its byte count is \(found), expected \(expected)"
    case .quantity(let count, let allowed):
      "its count of \(count) is outside \(allowed.lowerBound)...\(allowed.upperBound)"
    case .addressRange(let address, let count):
      "its \(count) from address \(address) goes beyond address 65535"
    case .coilValue(let value): "its coil value \(hexadecimal(value)) is neither 0x0000 nor 0xFF00"
    case .identification: "its identification objects are malformed"
    case .echo: "it confirms something other than what was asked"
    }
  }
}
