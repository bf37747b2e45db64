/// How much of a register's life its writes have used: EEPROM and flash wear out, often after 100,000 writes.
public struct WriteWear: Hashable, Sendable {
  /// Writes that may have reached the device, as far back as the journal goes.
  public var written: UInt64
  /// What the manifest says the memory is made for.
  public var endurance: UInt64
  /// At the rate of the last day.
  public var perDay: Double

  public init(written: UInt64, endurance: UInt64, perDay: Double) {
    self.written = written
    self.endurance = endurance
    self.perDay = perDay
  }

  /// As the journal tells it.
  public init(_ counters: DeviceCounters.RegisterCounters, endurance: UInt64) {
    var tally = WriteTally()
    let now = Instant(nanoseconds: 0)
    tally.restore(counters.writes, byAge: counters.writesByAge, at: now)
    self.init(written: tally.total, endurance: endurance, perDay: tally.perDay(at: now))
  }

  public var left: UInt64 { endurance > written ? endurance - written : 0 }

  /// Days until it is worn out if it goes on like this; `nil`: nothing was written for a day.
  public var daysLeft: Double? { perDay > 0 ? Double(left) / perDay : nil }

  /// `1240 of 100000 writes, 812 days left at 121 a day`.
  public var text: String {
    let used = "\(written) of \(endurance) writes"
    guard left > 0 else { return "\(used): worn out" }
    guard let daysLeft else { return "\(used), none in the last day" }
    let rate = perDay < 1 ? "less than 1" : String(Int64(min(perDay.rounded(), 1e15)))
    let days = daysLeft < 10 ? Self.tenths(daysLeft) : String(Int64(min(daysLeft, 1e15)))
    return "\(used), \(days) days left at \(rate) a day"
  }

  private static func tenths(_ value: Double) -> String {
    let tenths = Int64(value * 10)
    return "\(tenths / 10).\(tenths % 10)"
  }
}

/// Writes by hour of the last day, and all of them. On the monotonic clock.
struct WriteTally: Sendable {
  static let hours = 24
  private(set) var total: UInt64 = 0
  /// Of the last day, a slot an hour; empty before the first write.
  private var slots: [UInt32] = []
  private var newest: Int64 = 0

  mutating func add(at now: Instant) {
    turn(to: Self.hour(now))
    total &+= 1
    slots[slot(newest)] &+= 1
  }

  /// The last one never left.
  mutating func takeBack() {
    guard total > 0, !slots.isEmpty else { return }
    total -= 1
    if slots[slot(newest)] > 0 { slots[slot(newest)] -= 1 }
  }

  /// Of an earlier process: all of them, and those of the last day by age in hours.
  mutating func restore(_ earlier: UInt64, byAge: [UInt32], at now: Instant) {
    guard earlier > 0 else { return }
    turn(to: Self.hour(now))
    total &+= earlier
    for (age, count) in byAge.prefix(Self.hours).enumerated() { slots[slot(newest - Int64(age))] &+= count }
  }

  /// By age in hours.
  func byAge(at now: Instant) -> [UInt32] {
    guard !slots.isEmpty else { return [] }
    let hour = Self.hour(now)
    return (0..<Int64(Self.hours)).map { age in
      let asked = hour - age
      return asked <= newest && asked > newest - Int64(Self.hours) ? slots[slot(asked)] : 0
    }
  }

  /// Writes a day, from those of the last one. A few are no rhythm: they count as a day's.
  func perDay(at now: Instant) -> Double {
    let ages = byAge(at: now)
    guard let oldest = ages.lastIndex(where: { $0 > 0 }) else { return 0 }
    let sum = ages.reduce(0.0) { $0 + Double($1) }
    return sum < 10 ? sum : sum / Double(oldest + 1) * Double(Self.hours)
  }

  private mutating func turn(to hour: Int64) {
    if slots.isEmpty {
      slots = Array(repeating: 0, count: Self.hours)
      newest = hour
    }
    guard hour > newest else { return }
    for passed in 0..<min(hour - newest, Int64(Self.hours)) { slots[slot(hour - passed)] = 0 }
    newest = hour
  }

  private func slot(_ hour: Int64) -> Int {
    let count = Int64(Self.hours)
    return Int(((hour % count) + count) % count)
  }

  private static func hour(_ now: Instant) -> Int64 { floorDivide(now.nanoseconds, 3_600_000_000_000) }
}
