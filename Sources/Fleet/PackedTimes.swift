/// Times (milliseconds) as distances from the earliest: four bytes each while they lie within 49 days, eight beyond.
struct PackedTimes: Sendable {
  private var base: Int64 = 0
  private var narrow: [UInt32] = []
  private var wide: [Int64] = []
  private(set) var isWide = false

  var count: Int { isWide ? wide.count : narrow.count }
  var isEmpty: Bool { count == 0 }

  subscript(index: Int) -> Int64 {
    get { isWide ? wide[index] : base + Int64(narrow[index]) }
    set {
      makeRoom(for: newValue, besides: index)
      if isWide { wide[index] = newValue } else { narrow[index] = UInt32(clamping: newValue - base) }
    }
  }

  mutating func append(_ time: Int64) {
    if count == 0 { base = time }
    makeRoom(for: time, besides: nil)
    if isWide { wide.append(time) } else { narrow.append(UInt32(clamping: time - base)) }
  }

  /// Room for so many in all, and not more.
  mutating func reserve(_ capacity: Int) {
    if isWide { wide.reserveCapacity(capacity) } else { narrow.reserveCapacity(capacity) }
  }

  mutating func removeAll() { self = PackedTimes() }

  /// Counts from another time when that is enough: the old ones go, and a clock may be set back.
  private mutating func makeRoom(for time: Int64, besides replaced: Int?) {
    guard !isWide, UInt32(exactly: distance(time, base)) == nil else { return }
    let live = narrow.indices.filter { $0 != replaced }.map { base + Int64(narrow[$0]) }
    let first = min(time, live.min() ?? time)
    let last = max(time, live.max() ?? time)
    if UInt32(exactly: distance(last, first)) != nil {
      for index in narrow.indices { narrow[index] = UInt32(clamping: distance(self[index], first)) }
      base = first
    } else {
      let all = narrow.indices.map { self[$0] }
      isWide = true
      wide.reserveCapacity(narrow.capacity)
      wide.append(contentsOf: all)
      narrow = []
    }
  }

  /// `a - b`, held at the ends of the range.
  private func distance(_ a: Int64, _ b: Int64) -> Int64 {
    let (difference, overflow) = a.subtractingReportingOverflow(b)
    return overflow ? (a < b ? .min : .max) : difference
  }
}
