/// One thing wanted from a device: a run of one table that is read in one request or not at all.
public struct ReadItem: Sendable, Hashable {
  public var table: ModbusTable
  public var address: UInt16
  /// Registers, or bits in the two tables of bits; at least 1.
  public var count: UInt16

  public init(table: ModbusTable, address: UInt16, count: UInt16 = 1) {
    self.table = table
    self.address = address
    self.count = count
  }

  /// The first address after it, at most 65536.
  var end: Int { min(Int(address) &+ max(1, Int(count)), ModbusLimit.addresses) }
}

/// One read request and the wanted items that its answer holds.
public struct ReadGroup: Sendable, Hashable {
  public let table: ModbusTable
  public let address: UInt16
  public let count: UInt16
  /// Positions in the list of wanted items, in ascending order of address.
  public let items: [Int]

  public var request: ModbusRequest { .read(table, address: address, count: count) }

  /// Where an item of this group begins in the answer, in registers or bits.
  public func offset(of item: ReadItem) -> Int { Int(item.address) &- Int(address) }
}
