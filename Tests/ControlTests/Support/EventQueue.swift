import Control

/// Events by time, and among equal times by the order in which they were pushed: a binary heap.
struct EventQueue<Event> {
  private var heap: [(at: Instant, order: Int, event: Event)] = []
  private var count = 0

  mutating func push(_ event: Event, at: Instant) {
    count += 1
    heap.append((at, count, event))
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  /// Takes out the first event that is not later than `end`.
  mutating func next(until end: Instant) -> (at: Instant, event: Event)? {
    guard let first = heap.first, first.at <= end else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
        least = child
      }
      guard least != parent else { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.at, first.event)
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].at, heap[a].order) < (heap[b].at, heap[b].order)
  }
}
