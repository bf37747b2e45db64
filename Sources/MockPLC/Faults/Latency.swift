/// Every answer takes this long, spread evenly over ± the spread. Later requests of the connection wait
/// behind it.
struct Latency: Fault {
  static let name = "latency"
  static let usage = "latency=20ms±5ms"

  let mean: Elapsed
  let spread: Elapsed

  init(argument: String?) throws(FaultProblem) {
    let parts = Self.parts(argument ?? "")
    mean = try FaultArgument.span(parts.first, of: Self.name, usage: Self.usage)
    spread = parts.count > 1 ? try FaultArgument.span(parts[1], of: Self.name, usage: Self.usage) : .zero
    guard spread <= mean else {
      throw FaultProblem("\(Self.name): the spread \(parts[1]) is larger than \(parts[0])")
    }
  }

  /// Around `±`, or `+-` for keyboards without it.
  private static func parts(_ text: String) -> [String] {
    if let plus = text.firstIndex(of: "+"), text[text.index(after: plus)...].first == "-" {
      return [String(text[..<plus]), String(text[text.index(plus, offsetBy: 2)...])]
    }
    return text.split(separator: "±", omittingEmptySubsequences: false).map(String.init)
  }

  func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    let share = draws.fraction() * 2 - 1
    exchange.delay = exchange.delay + mean + .seconds(spread.seconds * share)
  }
}
