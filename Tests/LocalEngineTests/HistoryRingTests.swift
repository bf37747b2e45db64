import Control
import Fleet
import Testing

@testable import LocalEngine

@Suite struct HistoryRingTests {
  private func time(_ second: Int64) -> WallTime { WallTime(milliseconds: second * 1000) }

  @Test func keepsTheNewestSamplesInOrder() {
    var ring = HistoryRing(capacity: 4, width: 2)
    for second in 0..<10 { ring.append(at: time(Int64(second))) { Double(second * 10 + $0) } }
    let samples = ring.samples(register: 1, from: time(0), to: time(100), maxPoints: 100)
    #expect(samples.map(\.mean) == [61, 71, 81, 91])
    #expect(ring.begins == time(6))
    #expect(ring.trend(register: 0, points: 3) == [70, 80, 90])
  }

  /// Longer than it holds, with values and a clock that do not fit the small form from the middle on.
  @Test func keepsWhatItWasGivenWhateverItsSize() {
    for capacity in [1, 31, 32, 33, 100, 600] {
      var ring = HistoryRing(capacity: capacity, width: 2)
      for second in 0..<1500 {
        let at = time(Int64(second) + (second > 700 ? 10_000_000 : 0))
        ring.append(at: at) { $0 == 0 ? Double(second) : second > 900 ? 0.1 * Double(second) : 7 }
      }
      #expect(ring.count == capacity)
      let last = ring.samples(register: 1, from: time(0), to: time(20_000_000), maxPoints: 10_000)
      #expect(last.count == capacity)
      #expect(last.last?.mean == 0.1 * 1499 && last.last?.at == time(10_001_499))
      #expect(ring.trend(register: 0, points: 1) == [1499])
    }
  }

  @Test func thinsByLeastMeanAndGreatest() {
    var ring = HistoryRing(capacity: 100, width: 1)
    for second in 0..<100 { ring.append(at: time(Int64(second))) { _ in Double(second % 10) } }
    let samples = ring.samples(register: 0, from: time(0), to: time(99), maxPoints: 10)
    #expect(samples.count == 10)
    #expect(samples.allSatisfy { $0.minimum == 0 && $0.maximum == 9 && $0.mean == 4.5 })
  }

  @Test func whatWasNotReadLeavesAGap() {
    var ring = HistoryRing(capacity: 8, width: 1)
    ring.append(at: time(1)) { _ in 1 }
    ring.append(at: time(2)) { _ in .nan }
    ring.append(at: time(3)) { _ in 3 }
    #expect(ring.samples(register: 0, from: time(0), to: time(9), maxPoints: 9).map(\.mean) == [1, 3])
    #expect(ring.trend(register: 0, points: 3)[1].isNaN)
  }

  @Test func theStateInForceAtTheBeginningIsTold() {
    var ring = HistoryRing(capacity: 8, width: 1)
    _ = ring.record(status: .inSync, at: time(10))
    _ = ring.record(status: .inSync, at: time(11))
    _ = ring.record(status: .drifted, at: time(20))
    #expect(ring.states(from: time(15), to: time(30)).map(\.status) == [.inSync, .drifted])
  }

  @Test func mergePrefersTheMemoryWhereBothKnow() {
    let device = DeviceID(name: "a")
    let older = DeviceHistory(
      device: device, register: "r", samples: [.init(at: time(1), value: 1), .init(at: time(5), value: 99)])
    let newer = DeviceHistory(device: device, register: "r", samples: [.init(at: time(4), value: 4)])
    #expect(HistoryMerge.merge(older: [older], newer: [newer])[0].samples.map(\.mean) == [1, 4])
  }
}
