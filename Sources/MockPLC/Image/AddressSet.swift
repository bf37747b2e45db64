/// The addresses of one table that exist; any other is answered with exception 0x02.
public struct AddressSet: Sendable, Hashable {
  /// Sorted, disjoint, not touching.
  private var ranges: [ClosedRange<Int>]

  public static let all = AddressSet([0...65_535])
  public static let none = AddressSet([])

  /// The union of `ranges`; what lies outside 0...65535 is cut off.
  public init(_ ranges: [ClosedRange<Int>]) {
    self.ranges = []
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      let clamped = range.clamped(to: 0...65_535)
      guard range.overlaps(0...65_535) else { continue }
      if let last = self.ranges.last, clamped.lowerBound <= last.upperBound + 1 {
        self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, clamped.upperBound)
      } else {
        self.ranges.append(clamped)
      }
    }
  }

  /// Whether each of `count` addresses from `address` on exists.
  public func contains(_ address: UInt16, count: Int = 1) -> Bool {
    let first = Int(address)
    var low = 0
    var high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < first { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= first
      && first + count - 1 <= ranges[low].upperBound
  }
}
