import Control
import Testing

@testable import Simulation

@Suite struct SimulationTests {
  /// A sample of what `fabsim` runs by the thousand.
  @Test func plantsWithFaultsBreakNoRule() {
    var total = SimulationResult(seed: 0)
    for seed in UInt64(1)...6 {
      let result = Simulation.run(
        SimulationOptions(seed: seed, duration: .seconds(1200), calm: .seconds(600), devices: 10))
      if let violation = result.violation {
        Issue.record("seed \(seed): \(violation)\n\(result.trace.joined(separator: "\n"))")
      }
      total.polls += result.polls
      total.frames += result.frames
      total.corrections += result.corrections
    }
    // A plant in which nothing happens proves nothing.
    #expect(total.polls > 4000)
    #expect(total.frames > 50)
    #expect(total.corrections > 25)
  }

  @Test func theSameSeedRunsTheSameWay() {
    let options = SimulationOptions(
      seed: 42, duration: .seconds(600), calm: .seconds(600), devices: 8, trace: true)
    let first = Simulation.run(options)
    let second = Simulation.run(options)
    #expect(first.trace == second.trace)
    #expect(first.steps == second.steps)
    #expect(first.trace.count > 1000)
    var other = options
    other.seed = 43
    #expect(Simulation.run(other).trace != first.trace)
  }

  /// The simulator can fail: every planted bug is caught, by the rule that it breaks, long before 10,000
  /// seeds.
  @Test(arguments: [
    (PlantedBug.skipEnvelope, ["envelope"]), (.replayAfterTimeout, ["replay"]), (.writeWhileHeld, ["held"]),
    (.forgetAudit, ["audit"]), (.countPollsAsEvents, ["event"]), (.starveDevice, ["starved"]),
    (.tearWords, ["torn"]), (.ignoreLease, ["lead"]),
    (
      .skipLastLook,
      [
        "held", "lead", "suspended", "shelved", "stale", "trust", "journal", "astray", "undesired",
        "envelope", "autoCorrect", "window", "contested",
      ]
    ),
  ])
  func plantedBugsAreCaught(bug: PlantedBug, rules: [String]) {
    for seed in UInt64(1)...400 {
      let result = Simulation.run(
        SimulationOptions(
          seed: seed, duration: .seconds(1200), calm: .seconds(300), devices: 10, planted: bug))
      guard let violation = result.violation else { continue }
      #expect(rules.contains(violation.rule), "seed \(seed): \(violation)")
      #expect(!result.trace.isEmpty)
      return
    }
    Issue.record("\(bug) was not caught within 400 seeds")
  }
}
