/// The request is executed at once, but its answer comes late, after the answers to requests sent meanwhile.
/// Without a time: 1.5 s, longer than a client with the default timeout of 1 s waits.
struct Late: Fault {
  static let name = "late"
  static let usage = "late=P[:DELAY]"

  let probability: Double
  let by: Elapsed

  init(argument: String?) throws(FaultProblem) {
    let (head, rest) = FaultArgument.split(argument)
    probability = try FaultArgument.probability(head, of: Self.name)
    by =
      try rest.map { (text) throws(FaultProblem) in
        try FaultArgument.span(text, of: Self.name, usage: Self.usage)
      } ?? .seconds(1.5)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    guard draws.happens(probability), exchange.fate == .answer else { return }
    exchange.lateBy = by
    exchange.struck.append(Self.name)
  }
}
