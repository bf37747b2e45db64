/// Events by time, and among equal times in the order in which they came: a binary heap.
struct EventHeap<Event> {
  private struct Entry {
    var at: Int64
    var order: Int
    var event: Event

    func isBefore(_ other: Entry) -> Bool { at == other.at ? order < other.order : at < other.at }
  }

  private var entries: [Entry] = []
  private var count = 0

  var isEmpty: Bool { entries.isEmpty }

  mutating func push(_ event: Event, at: Int64) {
    count += 1
    let entry = Entry(at: at, order: count, event: event)
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entry.isBefore(entries[parent]) else { break }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes out the first event.
  mutating func pop() -> (at: Int64, event: Event)? {
    guard let last = entries.popLast() else { return nil }
    guard let first = entries.first else { return (last.at, last.event) }
    entries[0] = last
    var parent = 0
    let count = entries.count
    while true {
      var child = 2 * parent + 1
      guard child < count else { break }
      if child + 1 < count, entries[child + 1].isBefore(entries[child]) { child += 1 }
      guard entries[child].isBefore(last) else { break }
      entries.swapAt(parent, child)
      parent = child
    }
    return (first.at, first.event)
  }
}
