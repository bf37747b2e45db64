import CoreMetrics
import Synchronization

/// A value that only grows. Negative increments are ignored.
final class CounterInstrument: CounterHandler, FloatingPointCounterHandler {
  let name: String
  let labels: Labels
  private let total = Mutex(0.0)

  init(_ name: String, _ labels: Labels) {
    self.name = name
    self.labels = labels
  }

  var value: Double { total.withLock { $0 } }

  func increment(by amount: Int64) { increment(by: Double(amount)) }

  func increment(by amount: Double) {
    guard amount >= 0, amount.isFinite else { return }
    total.withLock { $0 += amount }
  }

  func reset() { total.withLock { $0 = 0 } }
}

/// A value that goes up and down.
final class GaugeInstrument: MeterHandler, RecorderHandler {
  let name: String
  let labels: Labels
  private let current = Mutex(0.0)

  init(_ name: String, _ labels: Labels) {
    self.name = name
    self.labels = labels
  }

  var value: Double { current.withLock { $0 } }

  func set(_ value: Int64) { set(Double(value)) }
  func set(_ value: Double) { current.withLock { $0 = value } }
  func increment(by amount: Double) { current.withLock { $0 += amount } }
  func decrement(by amount: Double) { current.withLock { $0 -= amount } }
  func record(_ value: Int64) { set(Double(value)) }
  func record(_ value: Double) { set(value) }
}

/// How many values fell into each bucket; the last one is +Inf.
struct HistogramState: Hashable, Sendable {
  var counts: [UInt64]
  var sum = 0.0
}

final class HistogramInstrument: TimerHandler, RecorderHandler {
  let name: String
  let labels: Labels
  private let bounds: [Double]
  private let counted: Mutex<HistogramState>

  init(_ name: String, _ labels: Labels, bounds: [Double]) {
    self.name = name
    self.labels = labels
    self.bounds = bounds
    counted = Mutex(HistogramState(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
  }

  var state: HistogramState { counted.withLock { $0 } }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
  func record(_ value: Int64) { record(Double(value)) }

  func record(_ value: Double) {
    guard !value.isNaN else { return }
    // A bucket holds what is at most its bound.
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if bounds[middle] < value { low = middle + 1 } else { high = middle }
    }
    counted.withLock { state in
      state.counts[low] &+= 1
      state.sum += value
    }
  }

  /// `le="0.005"` for each bound and +Inf. OpenMetrics wants whole bounds as `1.0`, which 0.0.4 also reads.
  static func rendered(_ bounds: [Double]) -> [[UInt8]] {
    (bounds + [.infinity]).map { bound in
      Array("le=\"\(bound.isInfinite ? "+Inf" : bound.description)\"".utf8)
    }
  }
}

/// Takes everything and keeps nothing.
final class NoInstrument: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler,
  TimerHandler
{
  func increment(by amount: Int64) {}
  func increment(by amount: Double) {}
  func decrement(by amount: Double) {}
  func reset() {}
  func set(_ value: Int64) {}
  func set(_ value: Double) {}
  func record(_ value: Int64) {}
  func record(_ value: Double) {}
  func recordNanoseconds(_ duration: Int64) {}
}
