/// The request is executed, but instead of the answer the connection is reset: the client cannot know whether
/// a write took effect.
struct Reset: Fault {
  static let name = "reset"
  static let usage = "reset=P"

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if draws.happens(probability) { exchange.meet(.reset, takesEffect: true, as: Self.name) }
  }
}
