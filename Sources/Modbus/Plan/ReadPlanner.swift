/// Groups wanted items into few requests, and remembers where a device would not have them grouped.
///
/// Pure: the same items, limits and refusals give the same plan.
public struct ReadPlanner: Sendable, Hashable {
  /// Most registers in one request, 1...125. Bits may be sixteen times as many, up to 2000.
  public let maxRegistersPerRequest: Int
  /// Most unused registers between two items of one request; sixteen times as many bits.
  public let maxGap: Int
  /// Addresses that no request may read together with the one before.
  public private(set) var splits: Set<Split> = []

  /// A border between two addresses of one table: before `address`.
  public struct Split: Sendable, Hashable {
    public let table: ModbusTable
    public let address: UInt16
  }

  /// Values outside their ranges are brought into them.
  public init(maxRegistersPerRequest: Int = ModbusLimit.readRegisters, maxGap: Int = 16) {
    self.maxRegistersPerRequest = min(max(1, maxRegistersPerRequest), ModbusLimit.readRegisters)
    self.maxGap = min(max(0, maxGap), ModbusLimit.readRegisters)
  }

  /// The requests that read all items, in ascending order of table and address.
  ///
  /// An item longer than `maxRegistersPerRequest` is read in a request of its own size: half a value is no
  /// value.
  public func plan(_ items: [ReadItem]) -> [ReadGroup] {
    let order = items.indices.sorted { a, b in
      let (x, y) = (items[a], items[b])
      return (x.table, x.address, x.end, a) < (y.table, y.address, y.end, b)
    }
    var groups: [ReadGroup] = []
    var current: Draft?
    for index in order {
      let item = items[index]
      if let draft = current {
        if let wider = draft.adding(item, index, planner: self) {
          current = wider
          continue
        }
        groups.append(draft.group)
      }
      current = Draft(item, index)
    }
    if let current { groups.append(current.group) }
    return groups
  }

  /// The device refused to read this group (exception 0x02). Splits it at the gaps it spanned, or when it
  /// spanned none into single items, and remembers that.
  ///
  /// - Returns: the requests to make instead; empty when there was nothing to split, so that the refusal
  ///   stands for the one item.
  public mutating func refused(_ group: ReadGroup, of items: [ReadItem]) -> [ReadGroup] {
    let members = group.items.filter(items.indices.contains).map { items[$0] }
    var borders: [UInt16] = []
    var gaps: [UInt16] = []
    var end = members.first?.end ?? 0
    for item in members.dropFirst() {
      if Int(item.address) >= end {
        borders.append(item.address)
        if Int(item.address) > end { gaps.append(item.address) }
      }
      end = max(end, item.end)
    }
    let chosen = gaps.isEmpty ? borders : gaps
    guard !chosen.isEmpty else { return [] }
    for address in chosen { splits.insert(Split(table: group.table, address: address)) }
    return plan(members).map { part in
      // `members` are the group's items in its own order, so positions map back through it.
      ReadGroup(
        table: part.table, address: part.address, count: part.count, items: part.items.map { group.items[$0] }
      )
    }
  }

  /// Most elements of one request.
  func limit(_ table: ModbusTable) -> Int {
    table.isBits ? min(maxRegistersPerRequest &* 16, ModbusLimit.readBits) : maxRegistersPerRequest
  }

  func gap(_ table: ModbusTable) -> Int { table.isBits ? maxGap &* 16 : maxGap }

  /// A group in the making.
  private struct Draft {
    let table: ModbusTable
    let start: Int
    var end: Int
    var items: [Int]

    init(_ item: ReadItem, _ index: Int) {
      table = item.table
      start = Int(item.address)
      end = item.end
      items = [index]
    }

    var group: ReadGroup {
      ReadGroup(
        table: table, address: UInt16(clamping: start), count: UInt16(clamping: end &- start), items: items)
    }

    /// Wider by one item, or nil where that must be another request.
    func adding(_ item: ReadItem, _ index: Int, planner: ReadPlanner) -> Draft? {
      let newEnd = max(end, item.end)
      guard item.table == table, Int(item.address) &- end <= planner.gap(table) else { return nil }
      guard newEnd &- start <= planner.limit(table) || newEnd == end else { return nil }
      if Int(item.address) >= end, planner.splits.contains(Split(table: table, address: item.address)) {
        return nil
      }
      var wider = self
      wider.end = newEnd
      wider.items.append(index)
      return wider
    }
  }
}
