/// Holds so many connections, as many PLCs do (three is common); further ones are closed as they come.
struct MaxConnections: Fault {
  static let name = "max-connections"
  static let usage = "max-connections=N"

  let count: Int

  init(argument: String?) throws(FaultProblem) {
    guard let argument else { throw FaultProblem("\(Self.name) needs a number: \(Self.usage)") }
    guard let count = Int(argument), (0...65_535).contains(count) else {
      throw FaultProblem("\(Self.name): '\(argument)' is not a number in 0...65535")
    }
    self.count = count
  }

  func shape(_ policy: inout ConnectionPolicy) { policy.maxConnections = count }
}
