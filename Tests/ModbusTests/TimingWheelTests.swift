import Modbus
import Testing

@Suite struct TimingWheelTests {
  private struct Due: Equatable {
    var token: TimingWheel<Int>.Token
    var payload: Int
  }

  private func take(_ wheel: inout TimingWheel<Int>, _ now: Int64) -> Due? {
    wheel.next(dueAt: now).map { Due(token: $0.token, payload: $0.payload) }
  }

  private func cancel(_ wheel: inout TimingWheel<Int>, _ token: TimingWheel<Int>.Token) -> Bool {
    wheel.cancel(token)
  }

  @Test func neverEarlyAndAtMostATickLate() {
    var wheel = TimingWheel<Int>(tick: 10, start: 1000)
    wheel.schedule(1, at: 1001)
    wheel.schedule(2, at: 1010)
    wheel.schedule(3, at: 1011)
    wheel.schedule(4, at: 5)
    #expect(wheel.nextWake == 1010)
    #expect(take(&wheel, 1009) == nil)
    #expect(take(&wheel, 1010)?.payload == 1)
    #expect(take(&wheel, 1010)?.payload == 2)
    #expect(take(&wheel, 1010)?.payload == 4)
    #expect(take(&wheel, 1010) == nil)
    #expect(wheel.nextWake == 1020)
    #expect(take(&wheel, 1020)?.payload == 3)
    #expect(wheel.isEmpty)
    #expect(wheel.nextWake == nil)
  }

  @Test func aTimerCancelledWhileDueIsNotTaken() {
    var wheel = TimingWheel<Int>(tick: 10, start: 0)
    let first = wheel.schedule(1, at: 10)
    let second = wheel.schedule(2, at: 10)
    #expect(take(&wheel, 50)?.token == first)
    #expect(cancel(&wheel, second))
    #expect(!cancel(&wheel, second))
    #expect(!cancel(&wheel, first))
    #expect(take(&wheel, 50) == nil)
  }

  @Test func staleTokensDoNotTouchTheirSuccessors() {
    var wheel = TimingWheel<Int>(tick: 10, start: 0)
    let old = wheel.schedule(1, at: 10)
    #expect(cancel(&wheel, old))
    let new = wheel.schedule(2, at: 10)
    #expect(!wheel.isScheduled(old))
    #expect(!cancel(&wheel, old))
    #expect(wheel.isScheduled(new))
  }

  @Test func farBeyondOneRound() {
    var wheel = TimingWheel<Int>(tick: 10, slots: 64, start: 0)
    wheel.schedule(1, at: 60_000)
    var wakes = 0
    while let wake = wheel.nextWake {
      wakes += 1
      if let due = wheel.next(dueAt: wake) {
        #expect(due.payload == 1)
        #expect(wake == 60_000)
      }
    }
    #expect(wakes <= 6000 / 64 + 2)
  }

  /// Against a list that is searched: the same timers, none early, none later than the look that follows.
  @Test func agreesWithAPlainList() {
    withSeeds(200) { random, seed in
      var now: Int64 = Int64(random.int(0...1_000_000))
      var wheel = TimingWheel<Int>(tick: 10, slots: 64, start: now)
      var plain: [Int: (deadline: Int64, token: TimingWheel<Int>.Token)] = [:]
      for step in 0..<300 {
        switch random.int(0...9) {
        case 0...4:
          let deadline = now + Int64(random.int(-20...(random.bool() ? 300 : 5000)))
          plain[step] = (max(deadline, now), wheel.schedule(step, at: deadline))
        case 5:
          guard let victim = plain.keys.sorted().randomElement(using: &random), let entry = plain[victim]
          else { break }
          #expect(cancel(&wheel, entry.token), seed)
          plain[victim] = nil
        default:
          now += Int64(random.int(0...(random.bool() ? 30 : 2000)))
          if let wake = wheel.nextWake, wake > now { #expect(take(&wheel, now) == nil, seed) }
          while let due = wheel.next(dueAt: now) {
            guard let entry = plain.removeValue(forKey: due.payload) else {
              Issue.record("\(due.payload) was not scheduled, \(seed)")
              continue
            }
            #expect(entry.deadline <= now, seed)
          }
          for (_, entry) in plain { #expect(entry.deadline > now - 10, seed) }
        }
        #expect(wheel.count == plain.count, seed)
      }
    }
  }
}
