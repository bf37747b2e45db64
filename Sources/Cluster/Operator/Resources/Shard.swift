import Control

/// One operator's share of the devices: those whose stable hash falls to it, so that several operators (zones)
/// divide a fleet without talking to each other.
public struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// 0 ..< count.
  public var index: Int
  /// 1 ... 1000.
  public var count: Int

  /// Everything.
  public static let whole = Shard(index: 0, count: 1)

  private init(index: Int, count: Int) {
    self.index = index
    self.count = count
  }

  /// Reads `i/n` with 0 <= i < n <= 1000; `nil` for anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let index = Int(parts[0]), let count = Int(parts[1]), (1...1000).contains(count),
      (0..<count).contains(index)
    else { return nil }
    self.init(index: index, count: count)
  }

  public func contains(_ device: DeviceID) -> Bool {
    count == 1 || device.stableHash % UInt64(count) == UInt64(index)
  }

  public var description: String { "\(index)/\(count)" }
}
