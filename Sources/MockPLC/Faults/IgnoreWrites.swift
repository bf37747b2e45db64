/// Writes are acknowledged and forgotten: a PLC in local mode, a register that the program overwrites.
struct IgnoreWrites: Fault {
  static let name = "ignore-writes"
  static let usage = "ignore-writes=P"

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    guard draws.happens(probability), exchange.isWrite, exchange.takesEffect else { return }
    exchange.takesEffect = false
    exchange.struck.append(Self.name)
  }
}
