/// Without a request for so long the PLC falls back to its safe values: a map's `safe`, else 0 for every
/// register that it would let chaos turn.
struct Watchdog: Fault {
  static let name = "watchdog"
  static let usage = "watchdog=SECS"

  let span: Elapsed

  init(argument: String?) throws(FaultProblem) {
    span = try FaultArgument.span(argument, of: Self.name, usage: Self.usage)
    guard span > .zero else { throw FaultProblem("\(Self.name) must be longer than 0") }
  }

  func shape(_ policy: inout ConnectionPolicy) { policy.watchdog = span }
}
