import Control
import Fleet
import Terminal

/// Which devices the list shows, in which order: kept up to date as snapshots come, without starting afresh.
///
/// Devices that did not change are the same objects in the next snapshot, so only changed ones are looked at
/// again; the sort is adaptive, so an order that is nearly right costs little more than a look through it.
struct FleetIndex: Sendable {
  enum Row: Hashable, Sendable {
    /// Index into ``groups``.
    case group(Int)
    /// Index into ``devices``.
    case device(Int)
  }
  struct Group: Hashable, Sendable {
    var name: String
    var total = 0
    var byStatus = [Int](repeating: 0, count: 9)
    var isCollapsed = false

    var abnormal: Int { DeviceStatus.allCases.reduce(0) { $0 + ($1.isAbnormal ? byStatus[$1.rank] : 0) } }
    fileprivate var worst: Int { byStatus.lastIndex { $0 > 0 } ?? 0 }
  }

  /// As the snapshot has them; what was read since is in ``rereads``.
  private var told: [DeviceSnapshot] = []
  private var rereads: [Reread] = []
  private(set) var rows: [Row] = []
  private(set) var groups: [Group] = []
  /// Indices of the shown devices, sorted; collapsed groups included.
  private(set) var order: [Int32] = []
  private(set) var sort: SortOrder = .worst
  private(set) var filter: Filter = .none
  private(set) var grouping: Grouping = .none
  /// Columns of the longest name of any device.
  private(set) var longestName = 0
  private var collapsed: Set<String> = []
  private var marked: Set<DeviceID> = []
  private var keys: [Int64] = []
  private var passes: [Bool] = []

  /// All devices as they are; ``Row`` and ``order`` have their indices.
  var devices: Devices { Devices(told: told, rereads: rereads) }

  /// A device is put together when it is looked at.
  struct Devices: RandomAccessCollection {
    fileprivate let told: [DeviceSnapshot]
    fileprivate let rereads: [Reread]

    var startIndex: Int { 0 }
    var endIndex: Int { told.count }
    subscript(index: Int) -> DeviceSnapshot {
      rereads.isEmpty ? told[index] : told[index].read(again: rereads[index])
    }
  }

  /// Takes a new state of the fleet.
  mutating func show(_ snapshot: FleetSnapshot) {
    let (old, next) = (told, snapshot.devices)
    (told, rereads) = (next, snapshot.rereads)
    guard old.count == next.count else { return rebuild() }
    var membershipChanged = false
    var hasChanged = sort == .age
    // Of what was only read again nothing but the age is another.
    if sort == .age { keys = devices.map(sort.key) }
    for index in next.indices where next[index] !== old[index] {
      guard next[index].id == old[index].id else { return rebuild() }
      hasChanged = true
      if sort != .age { keys[index] = sort.key(next[index]) }
      let isShown = filter.passes(next[index], isMarked: marked.contains)
      if isShown != passes[index] {
        passes[index] = isShown
        membershipChanged = true
      }
    }
    if membershipChanged { merge() }
    if hasChanged { resort() }
  }

  mutating func setFilter(_ next: Filter) {
    guard next != filter else { return }
    filter = next
    refilter()
  }

  mutating func setSort(_ next: SortOrder) {
    guard next != sort else { return }
    sort = next
    keys = devices.map(sort.key)
    resort()
  }

  mutating func setGrouping(_ next: Grouping) {
    guard next != grouping else { return }
    grouping = next
    collapsed = []
    layOut()
  }

  mutating func setMarked(_ next: Set<DeviceID>) {
    marked = next
    if filter.usesMarks { refilter() }
  }

  mutating func toggle(group: Int) {
    guard groups.indices.contains(group) else { return }
    collapsed.formSymmetricDifference([groups[group].name])
    layOut()
  }

  /// Row of a device; `nil` when it is not shown.
  func row(of id: DeviceID) -> Int? {
    guard let index = index(of: id) else { return nil }
    return rows.firstIndex(of: .device(index))
  }

  func device(atRow row: Int) -> DeviceSnapshot? {
    guard rows.indices.contains(row), case .device(let index) = rows[row] else { return nil }
    return devices[index]
  }

  func device(_ id: DeviceID) -> DeviceSnapshot? { index(of: id).map { devices[$0] } }

  private func index(of id: DeviceID) -> Int? {
    var low = 0
    var high = told.count
    while low < high {
      let middle = (low + high) / 2
      if told[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < told.count && told[low].id == id ? low : nil
  }

  private mutating func rebuild() {
    longestName = told.reduce(0) { max($0, DisplayWidth.of($1.id.name)) }
    keys = devices.map(sort.key)
    refilter()
  }

  private mutating func refilter() {
    passes = told.map { filter.passes($0, isMarked: marked.contains) }
    merge()
    resort()
  }

  /// Keeps what is still shown in its present order and adds the rest at the end, for the adaptive sort.
  private mutating func merge() {
    var seen = [Bool](repeating: false, count: told.count)
    order.removeAll { index in
      guard Int(index) < passes.count, passes[Int(index)] else { return true }
      seen[Int(index)] = true
      return false
    }
    for index in told.indices where passes[index] && !seen[index] {
      order.append(Int32(truncatingIfNeeded: index))
    }
  }

  private mutating func resort() {
    keys.withUnsafeBufferPointer { keys in
      order.sort { a, b in
        let (left, right) = (keys[Int(a)], keys[Int(b)])
        return left == right ? a < b : left < right
      }
    }
    layOut()
  }

  private mutating func layOut() {
    guard grouping != .none else {
      groups = []
      rows = order.map { .device(Int($0)) }
      return
    }
    var numbers: [String: Int] = [:]
    var members: [[Int32]] = []
    var found: [Group] = []
    for index in order {
      let device = told[Int(index)]
      let name = grouping.name(of: device)
      let number = numbers[name] ?? found.count
      if number == found.count {
        numbers[name] = number
        found.append(Group(name: name, isCollapsed: collapsed.contains(name)))
        members.append([])
      }
      found[number].total += 1
      found[number].byStatus[device.view.status.rank] += 1
      members[number].append(index)
    }
    let sorted = found.indices.sorted { a, b in
      if sort == .worst, found[a].worst != found[b].worst { return found[a].worst > found[b].worst }
      return found[a].name < found[b].name
    }
    groups = sorted.map { found[$0] }
    rows = []
    for (number, source) in sorted.enumerated() {
      rows.append(.group(number))
      if !found[source].isCollapsed { rows += members[source].map { .device(Int($0)) } }
    }
  }
}
