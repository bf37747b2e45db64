/// Somebody puts back what was there before, so long after each write.
struct Revert: Fault {
  static let name = "revert"
  static let usage = "revert=DELAY"

  let delay: Elapsed

  init(argument: String?) throws(FaultProblem) {
    delay = try FaultArgument.span(argument, of: Self.name, usage: Self.usage)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    if exchange.isWrite, exchange.takesEffect { exchange.revertsAfter = delay }
  }
}
