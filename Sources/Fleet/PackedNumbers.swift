/// Numbers in the least room that keeps each of them exactly: four bytes while all fit into that, eight from the first
/// on that does not. What a register holds seldom needs more than four.
struct PackedNumbers: Sendable {
  private var narrow: [Float] = []
  private var wide: [Double] = []
  private var isWide = false

  var count: Int { isWide ? wide.count : narrow.count }

  subscript(index: Int) -> Double {
    get { isWide ? wide[index] : Double(narrow[index]) }
    set {
      makeRoom(for: newValue)
      if isWide { wide[index] = newValue } else { narrow[index] = Float(newValue) }
    }
  }

  mutating func append(_ value: Double) {
    makeRoom(for: value)
    if isWide { wide.append(value) } else { narrow.append(Float(value)) }
  }

  /// Room for so many in all, and not more: arrays that grow by themselves take up to twice that.
  mutating func reserve(_ capacity: Int) {
    if isWide { wide.reserveCapacity(capacity) } else { narrow.reserveCapacity(capacity) }
  }

  mutating func removeAll() { self = PackedNumbers() }

  private mutating func makeRoom(for value: Double) {
    guard !isWide, !value.isNaN, Double(Float(value)) != value else { return }
    isWide = true
    wide.reserveCapacity(narrow.capacity)
    for number in narrow { wide.append(Double(number)) }
    narrow = []
  }
}
