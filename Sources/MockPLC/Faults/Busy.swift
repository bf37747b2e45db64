import Modbus

/// Answers exception 0x06, server device busy, and does nothing.
struct Busy: Fault {
  static let name = "busy"
  static let usage = "busy=P"

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if draws.happens(probability) { exchange.meet(.refuse(.busy), takesEffect: false, as: Self.name) }
  }
}
