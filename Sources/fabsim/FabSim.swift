import ArgumentParser
import Control
import Simulation

/// Runs many seeds of the simulator on all cores, prints what was found, and replays a seed with its trace.
@main
struct FabSim: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fabsim",
    abstract: "Simulates plants with faults and checks that no rule of write safety is ever broken.",
    discussion:
      "Exit code 0: every seed is clean; 1: a rule was broken (its seed, step and trace are printed)."
  )

  @Option(help: "How many seeds to run, from the first on.")
  var seeds = 1000
  @Option(help: "The first seed; with --seeds 1 (the default when given) only this one.")
  var seed: UInt64?
  @Option(help: "Simulated hours with faults; a quarter of an hour of calm follows.")
  var hours = 1.0
  @Option(help: "Devices of each plant.")
  var devices = 20
  @Option(help: "Seeds at once.")
  var jobs = 2
  @Flag(help: "Print every step (with --seed).")
  var trace = false
  @Flag(help: "Go on after a seed has failed, and print one line for each.")
  var keepGoing = false
  @Option(help: "Plant a bug: \(PlantedBug.allCases.map(\.rawValue).joined(separator: ", ")).")
  var plant: PlantedBug?

  func run() async throws {
    let first = seed ?? 1
    let count = UInt64(seed != nil && seeds == 1000 ? 1 : max(1, seeds))
    let clock = ContinuousClock()
    let begin = clock.now
    var total = Totals()
    var failed: SimulationResult?
    await withTaskGroup(of: SimulationResult.self) { group in
      var next = first
      func add() {
        guard next < first + count, failed == nil || keepGoing else { return }
        let options = SimulationOptions(
          seed: next, duration: .seconds(hours * 3600), devices: devices, planted: plant,
          trace: trace && count == 1)
        next += 1
        group.addTask { Simulation.run(options) }
      }
      for _ in 0..<max(1, jobs) { add() }
      while let result = await group.next() {
        total.add(result)
        if result.violation != nil, result.seed < failed?.seed ?? .max { failed = result }
        if keepGoing, let violation = result.violation {
          let place = "\(violation.device) \(violation.at.seconds) s"
          print("seed \(result.seed): \(violation.rule) \(place) \(violation.detail)")
        }
        if trace, count == 1 { for line in result.trace { print(line) } }
        add()
      }
    }
    let elapsed = clock.now - begin
    print(total.summary(elapsed: elapsed, hours: hours, devices: devices))
    guard let failed, let violation = failed.violation else { return }
    if !(trace && count == 1), !keepGoing { for line in failed.trace { print(line) } }
    print(
      "seed \(failed.seed): rule '\(violation.rule)' broken by \(violation.device) at step \(violation.step),"
    )
    print("  \(violation.at.seconds) s: \(violation.detail)")
    print("replay: fabsim --seed \(failed.seed) --trace\(plant.map { " --plant \($0.rawValue)" } ?? "")")
    throw ExitCode(1)
  }
}

extension PlantedBug: ExpressibleByArgument {}

private struct Totals {
  var seeds = 0
  var steps = 0
  var polls = 0
  var frames = 0
  var corrections = 0
  var crashes = 0

  mutating func add(_ result: SimulationResult) {
    seeds += 1
    steps += result.steps
    polls += result.polls
    frames += result.frames
    corrections += result.corrections
    crashes += result.crashes
  }

  func summary(elapsed: Duration, hours: Double, devices: Int) -> String {
    let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18
    let rate = seconds > 0 ? Double(seeds) / seconds * 60 : 0
    let size = "\(seeds) seeds × \(hours) h × \(devices) devices"
    let time = "\(Int(seconds.rounded())) s (\(Int(rate)) a minute)"
    let work = "\(steps) steps, \(polls) polls, \(frames) write frames"
    return "\(size) in \(time): \(work), \(corrections) corrections, \(crashes) crashes"
  }
}
