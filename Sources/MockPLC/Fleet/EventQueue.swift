/// What is due when: a binary heap. Events of one time come by PLC and then in the order in which they were
/// added, so that a log never depends on how the heap happens to lie.
struct EventQueue<Event> {
  private struct Entry {
    let time: Elapsed
    let plc: Int
    let number: UInt64
    let event: Event

    static func precedes(_ a: Entry, _ b: Entry) -> Bool {
      (a.time.nanoseconds, a.plc, a.number) < (b.time.nanoseconds, b.plc, b.number)
    }
  }

  private var heap: [Entry] = []
  private var added: UInt64 = 0

  var nextTime: Elapsed? { heap.first?.time }
  var count: Int { heap.count }

  mutating func add(_ event: Event, plc: Int, at time: Elapsed) {
    heap.append(Entry(time: time, plc: plc, number: added, event: event))
    added &+= 1
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Entry.precedes(heap[child], heap[parent]) else { break }
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// The first event that is due at `time`.
  mutating func popDue(at time: Elapsed) -> (time: Elapsed, plc: Int, event: Event)? {
    guard let first = heap.first, first.time <= time else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return (first.time, first.plc, first.event)
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if Entry.precedes(heap[child], heap[least]) { least = child }
      }
      guard least != parent else { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
