import Modbus

/// Answers an exception of the user's choice and does nothing. Without a code: 0x04, server device failure.
struct Refusal: Fault {
  static let name = "exception"
  static let usage = "exception=P:CODE"

  let probability: Double
  let code: ModbusException

  init(argument: String?) throws(FaultProblem) {
    let (head, rest) = FaultArgument.split(argument)
    probability = try FaultArgument.probability(head, of: Self.name)
    guard let rest else {
      code = .serverDeviceFailure
      return
    }
    let digits = rest.lowercased()
    let number = digits.hasPrefix("0x") ? UInt8(digits.dropFirst(2), radix: 16) : UInt8(digits)
    guard let number, number > 0, number < 128 else {
      throw FaultProblem("\(Self.name): code '\(rest)' is not 1...127 or 0x01...0x7F")
    }
    code = ModbusException(rawValue: number)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if draws.happens(probability) { exchange.meet(.refuse(code), takesEffect: false, as: Self.name) }
  }
}
