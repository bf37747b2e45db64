/// How long to wait for the units behind one connection while others wait for their turn.
///
/// The silence of one costs all the others their turn. A unit that was never heard, or that did not answer last time, is
/// therefore waited for not much longer than was seen to be needed as soon as another unit's request waits, and only now
/// and then for as long as it may take. One that answers gets all its time, and so does a write: one that is given up is
/// uncertain. Times are nanoseconds.
struct UnitPatience {
  /// Never less: a gateway's line has its own delays.
  static let least: Int64 = 100_000_000
  /// Times the slowest answer that was seen lately: the unit's own, or any when it was never heard.
  static let factor: Int64 = 4
  /// Every so many attempts a silent unit gets all its time, whoever waits: it may be slower than it was, or than its
  /// neighbours.
  static let fullEvery = 6

  private struct Unit {
    let id: UInt8
    /// Requests since its last answer that got none.
    var silences = 0
    /// Its slowest answer lately; zero when it was never heard.
    var slowest: Int64 = 0
  }

  /// Those that were ever asked.
  private var units: [Unit] = []

  /// How long to wait, at least, for the answer to a request that may take `asked`.
  mutating func allowance(_ asked: Int64, unitId: UInt8, isWrite: Bool) -> Int64 {
    let unit = units[index(of: unitId)]
    guard !isWrite, unit.silences > 0 || unit.slowest == 0 else { return asked }
    guard unit.silences == 0 || unit.silences % Self.fullEvery != 0 else { return asked }
    let slowest = unit.slowest > 0 ? unit.slowest : units.reduce(0) { max($0, $1.slowest) }
    guard units.count > 1, slowest > 0 else { return asked }
    let (enough, overflow) = slowest.multipliedReportingOverflow(by: Self.factor)
    return overflow ? asked : min(asked, max(Self.least, enough))
  }

  /// A unit answered, with whatever.
  mutating func answered(_ unitId: UInt8, after elapsed: Int64) {
    let index = index(of: unitId)
    units[index].silences = 0
    units[index].slowest = max(elapsed, units[index].slowest &- units[index].slowest / 256, 1)
  }

  /// A unit's time was up.
  mutating func wasSilent(_ unitId: UInt8) {
    units[index(of: unitId)].silences &+= 1
  }

  private mutating func index(of unitId: UInt8) -> Int {
    if let found = units.firstIndex(where: { $0.id == unitId }) { return found }
    units.append(Unit(id: unitId))
    return units.count &- 1
  }
}
