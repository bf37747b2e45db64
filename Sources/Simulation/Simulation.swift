import Control

/// The simulator: the real machines, gate, read planner, connection machine and codec bytes under a virtual
/// clock, in a seeded world that misbehaves (DESIGN §17).
public enum Simulation {
  /// One run. Where a rule was broken, the result holds the readable trace up to it.
  public static func run(_ options: SimulationOptions) -> SimulationResult {
    let world = World(options)
    let result = world.run()
    guard let violation = result.violation, !options.trace else { return result }
    // The same run again, this time with every line kept.
    var again = options
    again.trace = true
    let traced = World(again)
    var detailed = traced.run()
    if detailed.violation != violation {
      detailed.violation = violation
      detailed.trace.append(
        "!! the second run of the same seed went another way: the simulator is not deterministic")
    }
    let kept = detailed.trace.filter { $0.contains(violation.device) || !$0.contains("plc-") }
    detailed.trace = Array(kept.suffix(120))
    return detailed
  }
}
