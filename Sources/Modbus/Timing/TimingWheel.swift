/// Many timers for the price of one: a hashed timing wheel (Varghese and Lauck).
///
/// Pure: time is an argument, in nanoseconds of any monotonic clock. Scheduling and cancelling cost the same
/// however many timers there are, and nothing is allocated once the wheel has seen its largest load. A timer
/// is due at the first tick that is not before its deadline: never early, at most one tick late. Timers of one
/// tick come due in the order they were scheduled.
public struct TimingWheel<Payload> {
  /// One scheduled timer. Good for one `cancel`; stale ones are told apart and ignored.
  public struct Token: Hashable, Sendable {
    fileprivate let index: Int32
    fileprivate let generation: UInt32
  }

  /// Nanoseconds between ticks.
  public let tick: Int64
  /// Timers scheduled and not yet taken or cancelled.
  public private(set) var count = 0

  fileprivate struct Node {
    var payload: Payload?
    var deadline: Int64 = 0
    var generation: UInt32 = 0
    var previous: Int32 = none
    var next: Int32 = none
    /// The list it is in; `none` when free.
    var list: Int32 = none
  }

  fileprivate struct List: Sendable {
    var first: Int32 = none
    var last: Int32 = none
  }

  fileprivate var nodes: [Node] = []
  private var free: Int32 = none
  /// One for each slot, and one more for timers that are due.
  private var lists: [List]
  /// Slots that hold anything, a bit each.
  private var occupied: [UInt64]
  private let slots: Int64
  /// The last tick whose timers were moved to the due list.
  private var cursor: Int64

  /// - Parameters:
  ///   - tick: nanoseconds, at least 1.
  ///   - slots: rounded up to a power of two, 64...65536. Timers further ahead than `slots` ticks cost one more look
  ///     each time round.
  ///   - start: the time now.
  public init(tick: Int64 = 10_000_000, slots: Int = 512, start: Int64) {
    self.tick = max(1, tick)
    var size = 64
    while size < min(slots, 1 << 16) { size <<= 1 }
    self.slots = Int64(size)
    lists = Array(repeating: List(), count: size &+ 1)
    occupied = Array(repeating: 0, count: size / 64)
    cursor = start / self.tick
  }

  public var isEmpty: Bool { count == 0 }

  /// Schedules. A deadline that has passed comes due at the next tick.
  @discardableResult
  public mutating func schedule(_ payload: Payload, at deadline: Int64) -> Token {
    let index: Int32
    if free != none {
      index = free
      free = nodes[Int(index)].next
    } else {
      index = Int32(truncatingIfNeeded: nodes.count)
      nodes.append(Node())
    }
    let due = Swift.max(cursor &+ 1, ceiling(deadline))
    nodes[Int(index)].payload = payload
    nodes[Int(index)].deadline = due
    append(index, to: slot(due))
    count &+= 1
    return Token(index: index, generation: nodes[Int(index)].generation)
  }

  /// Takes a timer back. False when it was taken or cancelled before.
  @discardableResult
  public mutating func cancel(_ token: Token) -> Bool {
    guard isScheduled(token) else { return false }
    release(token.index)
    return true
  }

  public func isScheduled(_ token: Token) -> Bool {
    let index = Int(token.index)
    return nodes.indices.contains(index) && nodes[index].generation == token.generation
      && nodes[index].list != none
  }

  /// Takes the next timer that is due at `now`; nil when there is none. Take until nil: a timer that another
  /// one's work cancels is not taken any more.
  public mutating func next(dueAt now: Int64) -> (token: Token, payload: Payload)? {
    advance(to: now / tick)
    let index = lists[Int(slots)].first
    guard index != none, let payload = nodes[Int(index)].payload else { return nil }
    let token = Token(index: index, generation: nodes[Int(index)].generation)
    release(index)
    return (token, payload)
  }

  /// When to look again: no timer is due before this. nil when there is none at all. May be early for timers
  /// that are further ahead than the wheel is round.
  public var nextWake: Int64? {
    guard count > 0 else { return nil }
    if lists[Int(slots)].first != none { return cursor &* tick }
    var target = cursor &+ 1
    let end = cursor &+ slots
    while target <= end {
      let position = slot(target)
      let ahead = occupied[position >> 6] >> UInt64(position & 63)
      if ahead != 0 { return (target &+ Int64(ahead.trailingZeroBitCount)) &* tick }
      target &+= Int64(64 &- (position & 63))
    }
    return nil
  }

  // MARK: Lists

  private func ceiling(_ deadline: Int64) -> Int64 {
    let whole = deadline / tick
    return whole &* tick < deadline ? whole &+ 1 : whole
  }

  private func slot(_ due: Int64) -> Int { Int(due & (slots &- 1)) }

  private mutating func advance(to target: Int64) {
    guard target > cursor else { return }
    guard count > 0 else {
      cursor = target
      return
    }
    // Once round sees every slot: a longer sleep needs no more.
    let first = cursor &+ 1
    let last = Swift.min(target, cursor &+ slots)
    var due = first
    while due <= last {
      let position = slot(due)
      if occupied[position >> 6] & (1 &<< UInt64(position & 63)) != 0 { collect(position, dueBy: target) }
      due &+= 1
    }
    cursor = target
  }

  private mutating func collect(_ position: Int, dueBy target: Int64) {
    var index = lists[position].first
    while index != none {
      let next = nodes[Int(index)].next
      if nodes[Int(index)].deadline <= target {
        unlink(index)
        append(index, to: Int(slots))
      }
      index = next
    }
  }

  private mutating func append(_ index: Int32, to list: Int) {
    let last = lists[list].last
    nodes[Int(index)].previous = last
    nodes[Int(index)].next = none
    nodes[Int(index)].list = Int32(truncatingIfNeeded: list)
    if last == none { lists[list].first = index } else { nodes[Int(last)].next = index }
    lists[list].last = index
    if list < Int(slots) { occupied[list >> 6] |= 1 &<< UInt64(list & 63) }
  }

  private mutating func unlink(_ index: Int32) {
    let node = nodes[Int(index)]
    let list = Int(node.list)
    if node.previous == none {
      lists[list].first = node.next
    } else {
      nodes[Int(node.previous)].next = node.next
    }
    if node.next == none {
      lists[list].last = node.previous
    } else {
      nodes[Int(node.next)].previous = node.previous
    }
    if list < Int(slots), lists[list].first == none { occupied[list >> 6] &= ~(1 &<< UInt64(list & 63)) }
  }

  private mutating func release(_ index: Int32) {
    unlink(index)
    nodes[Int(index)].payload = nil
    nodes[Int(index)].generation &+= 1
    nodes[Int(index)].list = none
    nodes[Int(index)].next = free
    free = index
    count &-= 1
  }
}

extension TimingWheel: Sendable where Payload: Sendable {}
extension TimingWheel.Node: Sendable where Payload: Sendable {}

/// No node, no list.
private let none: Int32 = -1
