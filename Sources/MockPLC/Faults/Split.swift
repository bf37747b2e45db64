/// The answer comes byte by byte, each in a segment of its own.
struct Split: Fault {
  static let name = "split"
  static let usage = "split=P"
  /// Between two bytes: long enough that no kernel joins them.
  private static let gap = Elapsed.milliseconds(1)

  let probability: Double

  init(argument: String?) throws(FaultProblem) {
    probability = try FaultArgument.probability(argument, of: Self.name)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    guard draws.happens(probability), exchange.lateBy == nil else { return }
    exchange.pieces = Self.gap
    exchange.struck.append(Self.name)
  }
}
