import Control

/// The recent past of one device in memory: a sample of every numeric register a poll, and state changes and marks.
///
/// Samples are kept in one flat ring (a time, then one value a register) that grows up to its capacity and then lets a
/// poll append without allocating; eight bytes hold a time and most values (`PackedTimes`, `PackedNumbers`). A register
/// that was not read has NaN.
public struct HistoryRing: Sendable {
  /// Samples kept.
  public let capacity: Int
  /// Values a sample.
  public private(set) var width: Int
  private var times = PackedTimes()
  private var values = PackedNumbers()
  private var next = 0
  /// Samples there is room for so far.
  private var room = 0
  public private(set) var states: [DeviceHistory.StateChange] = []
  public private(set) var marks: [DeviceHistory.Mark] = []

  /// State changes kept; the oldest go first, and are in the journal.
  public static let changeCapacity = 128
  /// Marks kept: they carry text, and a device that drifts every minute makes hundreds an hour. What is older is in the
  /// journal.
  public static let markCapacity = 96

  public init(capacity: Int, width: Int) {
    self.capacity = max(1, capacity)
    self.width = max(1, width)
  }

  public var count: Int { times.count }

  /// The time of the oldest sample.
  public var begins: WallTime? {
    guard !times.isEmpty else { return nil }
    return WallTime(milliseconds: times.count < capacity ? times[0] : times[next])
  }

  /// The time of the newest sample.
  public var newest: WallTime? {
    times.isEmpty ? nil : WallTime(milliseconds: times[last])
  }

  /// Where the newest sample is; -1: there is none.
  private var last: Int { times.count < capacity || next == 0 ? times.count - 1 : next - 1 }

  /// Appends one sample; `value` is asked for each of the `width` registers.
  public mutating func append(at time: WallTime, _ value: (Int) -> Double) {
    if times.count < capacity {
      if times.count >= room { grow() }
      times.append(time.milliseconds)
      for register in 0..<width { values.append(value(register)) }
    } else {
      times[next] = time.milliseconds
      for register in 0..<width { values[next * width + register] = value(register) }
      next = next + 1 == capacity ? 0 : next + 1
    }
  }

  /// Appends the newest sample once more, at a later time; there must be one.
  public mutating func repeatNewest(at time: WallTime) {
    guard !times.isEmpty else { return }
    let newest = last * width
    let kept = (newest..<(newest + width)).map { values[$0] }
    append(at: time) { kept[$0] }
  }

  /// Doubles the room, and never beyond what will be used: an array that grows by itself would end with room for 1024.
  private mutating func grow() {
    room = min(capacity, max(32, room * 2))
    times.reserve(room)
    values.reserve(room * width)
  }

  /// A register was added or removed: what was sampled no longer lines up.
  public mutating func reset(width: Int) {
    self.width = max(1, width)
    times.removeAll()
    values.removeAll()
    next = 0
    room = 0
  }

  /// - Returns: whether it is another status than before.
  public mutating func record(status: DeviceStatus?, at time: WallTime) -> Bool {
    guard states.last?.status != status || states.isEmpty else { return false }
    if states.count >= Self.changeCapacity { states.removeFirst(Self.changeCapacity / 4) }
    states.append(.init(at: time, status: status))
    return true
  }

  public mutating func mark(_ kind: DeviceHistory.Mark.Kind, at time: WallTime, _ text: String) {
    if marks.count >= Self.markCapacity { marks.removeFirst(Self.markCapacity / 4) }
    // A device that fails again and again says the same: once in memory.
    let known = marks.last { $0.kind == kind && $0.text == text }
    marks.append(.init(at: time, kind: kind, text: known?.text ?? text))
  }

  /// The values of one register from newest to oldest until `body` says stop.
  public func forEachNewestFirst(register: Int, _ body: (Int64, Double) -> Bool) {
    guard register >= 0, register < width, !times.isEmpty else { return }
    var index = last
    for _ in 0..<times.count {
      guard body(times[index], values[index * width + register]) else { return }
      index = index == 0 ? times.count - 1 : index - 1
    }
  }

  /// The last `points` values of a register, oldest first.
  public func trend(register: Int, points: Int) -> [Float] {
    guard register >= 0, register < width else { return [] }
    let count = times.count
    let kept = min(max(0, points), count)
    let first = last - kept + 1
    return (first..<(first + kept)).map { index in
      Float(values[(index < 0 ? index + count : index) * width + register])
    }
  }

  /// Samples of a register within a span, thinned to `maxPoints` by keeping least, mean and greatest.
  public func samples(register: Int, from: WallTime, to: WallTime, maxPoints: Int) -> [DeviceHistory.Sample] {
    var found: [(Int64, Double)] = []
    forEachNewestFirst(register: register) { time, value in
      if time < from.milliseconds { return false }
      if time <= to.milliseconds, !value.isNaN { found.append((time, value)) }
      return true
    }
    found.reverse()
    let stride = max(1, (found.count + max(1, maxPoints) - 1) / max(1, maxPoints))
    guard stride > 1 else { return found.map { .init(at: WallTime(milliseconds: $0.0), value: $0.1) } }
    return Swift.stride(from: 0, to: found.count, by: stride).map { start in
      let group = found[start..<min(start + stride, found.count)]
      let low = group.reduce(Double.infinity) { min($0, $1.1) }
      let high = group.reduce(-Double.infinity) { max($0, $1.1) }
      let mean = group.reduce(0) { $0 + $1.1 } / Double(group.count)
      return .init(
        at: WallTime(milliseconds: group[group.startIndex].0), minimum: low, mean: mean, maximum: high)
    }
  }

  /// State changes within a span, with the one that was in force at its start.
  public func states(from: WallTime, to: WallTime) -> [DeviceHistory.StateChange] {
    let first = states.lastIndex { $0.at <= from } ?? 0
    return states[min(first, states.count)...].filter { $0.at <= to }
  }

  public func marks(from: WallTime, to: WallTime) -> [DeviceHistory.Mark] {
    marks.filter { $0.at >= from && $0.at <= to }
  }
}
