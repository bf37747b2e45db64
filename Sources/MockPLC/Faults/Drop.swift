/// The request is lost on the way: never executed, never answered. The connection goes on.
struct Drop: Fault {
  static let name = "drop"
  static let usage = "drop=P"

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if draws.happens(probability) { exchange.meet(.silence, takesEffect: false, as: Self.name) }
  }
}
