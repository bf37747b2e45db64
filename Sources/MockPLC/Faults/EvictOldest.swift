/// With `max-connections`: a new connection is let in and the oldest closed. Alone it means one connection.
struct EvictOldest: Fault {
  static let name = "evict-oldest"
  static let usage = "evict-oldest"

  init(argument: String?) throws(FaultProblem) {
    try FaultArgument.nothing(argument, of: Self.name)
  }

  func shape(_ policy: inout ConnectionPolicy) {
    policy.evictsOldest = true
    policy.maxConnections = policy.maxConnections ?? 1
  }
}
