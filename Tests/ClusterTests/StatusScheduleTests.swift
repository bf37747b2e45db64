import Control
import Kubernetes
import Testing

@testable import Cluster

@Suite struct StatusScheduleTests {
  let start = MonotonicInstant(nanoseconds: 1_000_000_000_000)

  func devices(_ count: Int) -> [DeviceID] {
    (0..<count).map { DeviceID(namespace: "default", name: "line-\($0)") }
  }

  func at(_ seconds: Double) -> MonotonicInstant { start.advanced(by: .seconds(seconds)) }

  /// A thousand devices that do not change: what each minute costs.
  @Test func aSteadyFleetStaysWithinItsBudget() {
    var schedule = StatusSchedule(at: start)
    let fleet = devices(1000)
    for id in fleet { schedule.note(id, .soon, at: start) }
    var written: [DeviceID: Int] = [:]
    var perSecond: [Int] = []
    var now = 0.0
    while now < 600 {
      var count = 0
      for _ in 0..<10 {
        for id in schedule.due(at: at(now)) {
          schedule.finished(id, .written, at: at(now))
          written[id, default: 0] += 1
          count += 1
        }
        now += 0.1
      }
      perSecond.append(count)
    }
    #expect(written.count == 1000, "everybody's turn comes")
    // The first minute tells everything once; from then on only refreshes.
    let steady = perSecond.dropFirst(60)
    #expect(steady.reduce(0, +) / steady.count < 20)
    #expect((steady.max() ?? 0) <= 38, "a burst of turns beside the steady rate")
    #expect((written.values.min() ?? 0) >= 8, "each is refreshed about once a minute")
  }

  @Test func changesThatComeTogetherShareAWrite() {
    var schedule = StatusSchedule(at: start)
    let id = devices(1)[0]
    schedule.note(id, .soon, at: at(0))
    #expect(schedule.due(at: at(0.05)).isEmpty, "it waits for others of its device")
    schedule.note(id, .soon, at: at(0.06))
    #expect(schedule.due(at: at(0.11)) == [id])
    schedule.note(id, .soon, at: at(0.2))
    #expect(schedule.due(at: at(0.4)).isEmpty, "one request at a time")
    schedule.finished(id, .written, at: at(0.5))
    #expect(schedule.due(at: at(1.4)).isEmpty)
    #expect(schedule.due(at: at(1.51)) == [id], "a second between two")
  }

  @Test func newsGoesBeforeValues() {
    var configuration = StatusSchedule.Configuration()
    configuration.maxInFlight = 1
    var schedule = StatusSchedule(configuration, at: start)
    let fleet = devices(3)
    for id in fleet.dropLast() { schedule.note(id, .inTurn, at: at(0)) }
    schedule.note(fleet[2], .soon, at: at(0.1))
    #expect(schedule.due(at: at(1)) == [fleet[2]])
  }

  @Test func whatFailedIsTriedAgainEverMoreSlowly() {
    var schedule = StatusSchedule(at: start)
    let id = devices(1)[0]
    schedule.note(id, .soon, at: at(0))
    var tries: [Double] = []
    var now = 0.0
    while now < 120 {
      for id in schedule.due(at: at(now)) {
        tries.append(now)
        schedule.finished(id, .failed(retryAfter: nil), at: at(now))
      }
      now += 0.1
    }
    let gaps = zip(tries.dropFirst(), tries).map { $0 - $1 }
    #expect(zip(gaps.dropFirst(), gaps).allSatisfy { $0 >= $1 - 0.11 })
    #expect((gaps.max() ?? 0) < 17 && (gaps.max() ?? 0) > 15)
    schedule.note(id, .soon, at: at(now))
    schedule.forget(id)
    #expect(schedule.due(at: at(now + 60)).isEmpty && schedule.isIdle)
  }

  @Test func theServersOwnWishIsKept() {
    var schedule = StatusSchedule(at: start)
    let id = devices(1)[0]
    schedule.note(id, .soon, at: at(0))
    #expect(schedule.due(at: at(1)) == [id])
    schedule.finished(id, .failed(retryAfter: .seconds(30)), at: at(1))
    #expect(schedule.due(at: at(30.9)).isEmpty)
    #expect(schedule.due(at: at(31.1)) == [id])
  }

  @Test func atTheEndNothingWaitsForItsGap() {
    var schedule = StatusSchedule(at: start)
    let id = devices(1)[0]
    schedule.note(id, .inTurn, at: at(0))
    #expect(schedule.due(at: at(0.01)).isEmpty)
    #expect(schedule.due(at: at(0.01), rushed: true) == [id])
    schedule.finished(id, .written, at: at(0.02))
    #expect(schedule.isIdle)
  }
}
