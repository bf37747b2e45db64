/// The unit hangs on this request: neither it nor any later request of this unit on this connection is
/// executed or answered, and the connection stays open. A new connection is served again (until it hangs
/// too).
struct Hang: Fault {
  static let name = "hang"
  static let usage = "hang=P"

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if draws.happens(probability) { exchange.meet(.hang, takesEffect: false, as: Self.name) }
  }
}
