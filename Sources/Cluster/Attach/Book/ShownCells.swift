import Control
import Fleet

/// What goes on with each shown device while its snapshot stays the same object: when it was read again, and its history.
///
/// A cell each, by number, so that a reading costs no look-up.
struct ShownCells: Sendable {
  /// Samples kept of each register.
  static let historyCapacity = 600

  private var numbers: [DeviceID: Int] = [:]
  private var unused: [Int] = []
  private var rings: [HistoryRing?] = []
  private var rereads: [Reread] = []
  private var tails: [Tail] = []
  /// The feed that tells the device as it is shown; `nil`: it is shown as something else has it.
  private var sources: [String?] = []

  /// The cell of a device, a new one when it has none.
  mutating func number(of id: DeviceID) -> Int {
    if let number = numbers[id] { return number }
    let number = unused.popLast() ?? rings.count
    if number == rings.count {
      rings.append(nil)
      rereads.append(.none)
      tails.append(Tail())
      sources.append(nil)
    }
    numbers[id] = number
    return number
  }

  /// The device is shown no more.
  mutating func free(_ id: DeviceID) {
    guard let number = numbers.removeValue(forKey: id) else { return }
    rings[number] = nil
    rereads[number] = .none
    tails[number] = Tail()
    sources[number] = nil
    unused.append(number)
  }

  /// A device is shown anew, as `source` tells it; returns its trend.
  mutating func show(
    _ device: ReportedDevice, in cell: Int, from source: String?, at now: Moment
  ) -> [Float] {
    rereads[cell] = .none
    sources[cell] = source
    // In place: a ring taken out and put back would be copied each time.
    if rings[cell] == nil {
      rings[cell] = HistoryRing(capacity: Self.historyCapacity, width: device.spec.registers.count)
    }
    moveOn(cell)
    let trend = rings[cell]?.record(device, at: now) ?? []
    tails[cell] = Tail(rings[cell]?.newest)
    return trend
  }

  /// What waits goes into the ring.
  private mutating func moveOn(_ cell: Int) {
    rings[cell]?.add(tails[cell])
    tails[cell] = Tail(rings[cell]?.newest)
  }

  /// Returns whether the device in the cell is shown as the feed tells it, and not read earlier than what is shown: then
  /// that is all there is to be shown.
  mutating func read(again at: WallTime, in cell: Int?, from feed: String) -> Bool {
    guard let cell, tails.indices.contains(cell), sources[cell] == feed, let newest = tails[cell].newest,
      at >= newest
    else { return false }
    // A poll that is still under way: what is known of the device is as old as before.
    guard at > newest else { return true }
    rereads[cell].add(at)
    if !tails[cell].append(at) {
      moveOn(cell)
      _ = tails[cell].append(at)
    }
    return true
  }

  mutating func mark(_ id: DeviceID, _ kind: DeviceHistory.Mark.Kind, at: WallTime, _ text: String) {
    if let cell = numbers[id] { rings[cell]?.mark(kind, at: at, text) }
  }

  func ring(_ cell: Int) -> HistoryRing? {
    var ring = rings[cell]
    ring?.add(tails[cell])
    return ring
  }

  func ring(of id: DeviceID) -> HistoryRing? { numbers[id].flatMap(ring) }
  func reread(_ cell: Int) -> Reread { rereads[cell] }
  func reread(of id: DeviceID) -> Reread { numbers[id].map { rereads[$0] } ?? .none }
}

extension ShownCells {
  /// The newest sample's time, and later ones at which the same was read: they wait here, beside those of other devices,
  /// as a ring lies somewhere on the heap, where a thousand devices a second are a thousand times to fetch it.
  fileprivate struct Tail: Sendable {
    private var times = InlineArray<7, Int64>(repeating: 0)
    private var count = 0

    init(_ newest: WallTime? = nil) {
      guard let newest else { return }
      times[0] = newest.milliseconds
      count = 1
    }

    var newest: WallTime? { count == 0 ? nil : WallTime(milliseconds: times[count - 1]) }

    /// Returns whether there was room.
    mutating func append(_ time: WallTime) -> Bool {
      guard count < times.count else { return false }
      times[count] = time.milliseconds
      count += 1
      return true
    }

    /// What is not in the ring, oldest first.
    func forEachWaiting(_ body: (WallTime) -> Void) {
      guard count > 1 else { return }
      for index in 1..<count { body(WallTime(milliseconds: times[index])) }
    }
  }
}

extension HistoryRing {
  fileprivate mutating func add(_ tail: ShownCells.Tail) {
    tail.forEachWaiting { repeatNewest(at: $0) }
  }

  /// Returns the trend.
  fileprivate mutating func record(_ device: ReportedDevice, at now: Moment) -> [Float] {
    let registers = device.spec.registers
    if width != max(1, registers.count) { reset(width: registers.count) }
    if let read = device.view.lastRead, newest.map({ read > $0 }) ?? true {
      append(at: read) { index in
        guard device.view.registers.indices.contains(index) else { return .nan }
        let register = device.view.registers[index]
        return register.exception == nil ? register.actual?.number ?? .nan : .nan
      }
    }
    _ = record(status: device.view.status, at: now.wall)
    let plotted = registers.firstIndex { $0.type != .string } ?? 0
    return trend(register: plotted, points: DeviceSnapshot.trendCapacity)
  }
}
