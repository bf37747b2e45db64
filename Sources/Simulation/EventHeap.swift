/// Events by time, and among equal times in the order in which they came: a binary heap of small keys over a
/// slab of events that never move.
struct EventHeap<Event> {
  private struct Key {
    var at: Int64
    var order: Int32
    var slot: Int32

    func isBefore(_ other: Key) -> Bool { at == other.at ? order &- other.order < 0 : at < other.at }
  }

  private var keys: [Key] = []
  private var slab: [Event?] = []
  private var free: [Int32] = []
  private var count: Int32 = 0

  mutating func push(_ event: Event, at: Int64) {
    count &+= 1
    var slot = Int32(truncatingIfNeeded: slab.count)
    if let reused = free.popLast() {
      slot = reused
      slab[Int(slot)] = event
    } else {
      slab.append(event)
    }
    let key = Key(at: at, order: count, slot: slot)
    keys.append(key)
    var child = keys.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard key.isBefore(keys[parent]) else { break }
      keys[child] = keys[parent]
      child = parent
    }
    keys[child] = key
  }

  /// Takes out the first event.
  mutating func pop() -> (at: Int64, event: Event)? {
    guard let first = keys.first, let last = keys.popLast() else { return nil }
    if !keys.isEmpty { sink(last) }
    guard let event = slab[Int(first.slot)] else { return nil }
    slab[Int(first.slot)] = nil
    free.append(first.slot)
    return (first.at, event)
  }

  /// Puts a key in the place of the first and moves it down to where it belongs.
  private mutating func sink(_ key: Key) {
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < keys.count else { break }
      if child + 1 < keys.count, keys[child + 1].isBefore(keys[child]) { child += 1 }
      guard keys[child].isBefore(key) else { break }
      keys[parent] = keys[child]
      parent = child
    }
    keys[parent] = key
  }
}
