/// How long to wait for the units behind one connection.
///
/// The silence of one costs all the others their turn. A unit that did not answer last time is therefore waited for
/// not much longer than its neighbours have been seen to need, and only now and then for as long as it may take. Writes
/// are always given all their time: one that is given up is uncertain. Times are nanoseconds.
struct UnitPatience {
  /// Never less: a gateway's line has its own delays.
  static let least: Int64 = 200_000_000
  /// Times the slowest answer that was seen lately.
  static let factor: Int64 = 4
  /// Every so many attempts a silent unit gets all its time: it may be slower than its neighbours.
  static let fullEvery = 4

  private struct Unit {
    let id: UInt8
    /// Requests since its last answer that got none.
    var silences = 0
  }

  /// Those that were ever asked.
  private var units: [Unit] = []
  private var slowest: Int64 = 0

  /// How long to wait for the answer to a request that asks for `asked`.
  mutating func timeout(_ asked: Int64, unitId: UInt8, isWrite: Bool) -> Int64 {
    let index = index(of: unitId)
    let silences = units[index].silences
    guard silences > 0, !isWrite, units.count > 1, slowest > 0, silences % Self.fullEvery != 0 else {
      return asked
    }
    let (enough, overflow) = slowest.multipliedReportingOverflow(by: Self.factor)
    return overflow ? asked : min(asked, max(Self.least, enough))
  }

  /// A unit answered, with whatever.
  mutating func answered(_ unitId: UInt8, after elapsed: Int64) {
    units[index(of: unitId)].silences = 0
    slowest = max(elapsed, slowest &- slowest / 256)
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
