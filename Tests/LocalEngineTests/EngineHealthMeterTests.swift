import Control
import Testing

@testable import LocalEngine

@Suite struct EngineHealthMeterTests {
  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: Int64(seconds * 1e9)) }

  private func report(_ meter: EngineHealthMeter, _ seconds: Double) -> (lag: TimeSpan, rate: Double) {
    let health = meter.report(at: at(seconds), connections: 0, problems: [], controller: nil)
    return (health.pollLag, health.pollsPerSecond)
  }

  @Test func theWorstLagOfTheLastSecondsIsToldHoweverOftenAnybodyAsks() {
    let meter = EngineHealthMeter()
    meter.noteLag(.milliseconds(80), at: at(100.2))
    meter.noteLag(.milliseconds(3), at: at(101))
    for second in 101...114 { #expect(report(meter, Double(second)).lag == .milliseconds(80)) }
    meter.noteLag(.milliseconds(3), at: at(114))
    #expect(report(meter, 115.5).lag == .milliseconds(3))
    #expect(report(meter, 200).lag == .zero)
  }

  /// More devices than can be polled, or too little processor: said as long as it lasts, and not after.
  @Test func pollsThatBeginMuchTooLateAreAProblemThatIsTold() {
    let meter = EngineHealthMeter()
    func problems(_ seconds: Double) -> [String] {
      meter.report(at: at(seconds), connections: 0, problems: ["other"], controller: nil).problems
    }
    meter.noteLag(.milliseconds(4900), at: at(100))
    #expect(problems(101) == ["other"])
    meter.noteLag(.milliseconds(7300), at: at(102))
    #expect(problems(103).last?.hasPrefix("overload: polls begin up to 7 s late") == true)
    #expect(problems(130) == ["other"])
  }

  @Test func pollsAreCountedOverWholeSeconds() {
    let meter = EngineHealthMeter()
    for tick in 0..<100 { meter.notePoll(at: at(50 + Double(tick) / 10)) }
    #expect(report(meter, 60).rate == 10)
    // One second of polls is all there is yet.
    let fresh = EngineHealthMeter()
    for tick in 0..<7 { fresh.notePoll(at: at(50 + Double(tick) / 10)) }
    #expect(report(fresh, 51).rate == 7)
    #expect(report(fresh, 70).rate == 0)
  }

  @Test func aClockFromBeforeItsBeginningDoesNoHarm() {
    let meter = EngineHealthMeter()
    meter.notePoll(at: Instant(nanoseconds: -5_000_000_000))
    meter.noteLag(.seconds(9), at: Instant(nanoseconds: .min))
    #expect(report(meter, 100).rate == 0)
  }
}
