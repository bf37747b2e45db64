import NIOCore

/// Requests that wait for one connection: first come, first served within a unit, and the units take turns, so
/// that a unit with many requests does not hold up one with few.
struct FairQueue<Element> {
  private struct Lane {
    let unitId: UInt8
    var waiting = CircularBuffer<Element>(initialCapacity: 2)
  }

  /// One for each unit ever seen, kept for its storage.
  private var lanes: [Lane] = []
  /// Lanes that hold anything, in order of turn.
  private var turns = CircularBuffer<Int>(initialCapacity: 2)
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  /// Whether anything waits for a unit other than this one.
  func holdsOthers(than unitId: UInt8) -> Bool { turns.contains { lanes[$0].unitId != unitId } }

  mutating func append(_ element: Element, unitId: UInt8) {
    let lane = laneIndex(unitId)
    if lanes[lane].waiting.isEmpty { turns.append(lane) }
    lanes[lane].waiting.append(element)
    count &+= 1
  }

  mutating func popFirst() -> Element? {
    guard let lane = turns.popFirst(), let element = lanes[lane].waiting.popFirst() else { return nil }
    if !lanes[lane].waiting.isEmpty { turns.append(lane) }
    count &-= 1
    return element
  }

  /// Takes out everything that `isUnwanted`, in order of turn.
  mutating func removeAll(where isUnwanted: (Element) -> Bool) -> [Element] {
    guard count > 0 else { return [] }
    var removed: [Element] = []
    for lane in turns {
      lanes[lane].waiting.removeAll { element in
        guard isUnwanted(element) else { return false }
        removed.append(element)
        return true
      }
    }
    turns.removeAll { lanes[$0].waiting.isEmpty }
    count &-= removed.count
    return removed
  }

  private mutating func laneIndex(_ unitId: UInt8) -> Int {
    if let found = lanes.firstIndex(where: { $0.unitId == unitId }) { return found }
    lanes.append(Lane(unitId: unitId))
    return lanes.count &- 1
  }
}
