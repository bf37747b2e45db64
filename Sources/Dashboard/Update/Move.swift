import Control
import Fleet
import Terminal

/// Cursors in lists and in time.
extension Model {
  mutating func move(_ action: KeyAction) {
    let layout = self.layout
    switch focus {
    case .fleet, .timeline:
      let page = max(inside(.fleet, layout).map(FleetPane.rowCount) ?? 10, 2) - 1
      select(row: moved(list.cursor, action, page: page, count: index.rows.count))
    case .reality, .sparkline:
      let count = device?.view.registers.count ?? 0
      registers.cursor = moved(registers.cursor, action, page: 8, count: count)
    case .events: moveEvents(action, page: max((inside(.events, layout)?.height ?? 10) - 1, 1))
    }
  }

  private func moved(_ cursor: Int, _ action: KeyAction, page: Int, count: Int) -> Int {
    let target =
      switch action {
      case .down: cursor + 1
      case .up: cursor - 1
      case .pageDown: cursor + page
      case .pageUp: cursor - page
      case .top: 0
      default: count - 1
      }
    return min(max(target, 0), max(count - 1, 0))
  }

  private mutating func moveEvents(_ action: KeyAction, page: Int) {
    let visible = shownEvents
    guard !visible.isEmpty else { return }
    let current = events.cursor.flatMap { cursor in visible.firstIndex { $0.sequence <= cursor } } ?? 0
    let next = moved(current, action, page: page, count: visible.count)
    events.cursor = next == 0 ? nil : visible[next].sequence
    events.top = eventsWindow(layout).top
  }

  /// Events that the filter lets through, newest first.
  var shownEvents: [FleetEvent] {
    guard let all = shown?.events else { return [] }
    guard !events.filter.isEmpty else { return all.reversed() }
    let terms = events.filter.split(separator: " ").map { EventTerm(String($0)) }
    return all.reversed().filter { event in terms.allSatisfy { $0.passes(event) } }
  }

  /// One column at a time; at the edge the window moves on by a quarter.
  mutating func moveTimeCursor(_ step: Int) {
    let columns = timelineColumns
    let window = timeline.window(columns: columns, now: now)
    let current = timeline.cursor.flatMap(window.column) ?? (step < 0 ? columns : columns - 1)
    let next = current + step
    if next < 0 {
      shiftTime(columns: -max(columns / 4, 1), window)
      timeline.cursor = timeline.window(columns: columns, now: now).start(of: max(columns / 4, 1) - 1)
    } else if next >= columns {
      guard timeline.end != nil else {
        timeline.cursor = nil
        return
      }
      shiftTime(columns: max(columns / 4, 1), window)
    } else {
      timeline.cursor = min(window.start(of: next), now)
    }
  }

  mutating func scrollTime(_ pages: Int) {
    let columns = timelineColumns
    shiftTime(columns: pages * max(columns - 2, 1), timeline.window(columns: columns, now: now))
    timeline.cursor = nil
  }

  private mutating func shiftTime(columns: Int, _ window: TimeWindow) {
    let shift = TimeSpan.milliseconds(Int(clamping: window.step.multipliedClamped(Int64(columns))))
    let end = (timeline.end ?? window.right) + shift
    // Never into the future, and not before the epoch.
    timeline.end = end >= now ? nil : max(end, WallTime(milliseconds: timeline.span.milliseconds))
  }

  private var timelineColumns: Int {
    let pane: Pane = layout.panes[.timeline] != nil ? .timeline : .sparkline
    guard let inside = inside(pane, layout) else { return 60 }
    return pane == .timeline ? TimelinePane.columns(inside, self) : SparklinePane.plot(inside).width
  }
}

/// One word of the events filter: a piece of reason, device, register or message; `!` turns it round;
/// `warning` and `alarm` mean this severity or worse.
struct EventTerm: Hashable, Sendable {
  private let negated: Bool
  private let atLeast: FleetEvent.Severity?
  private let pattern: Pattern

  init(_ word: String) {
    negated = word.hasPrefix("!") && word.count > 1
    let body = negated ? String(word.dropFirst()) : word
    atLeast =
      switch body.lowercased() {
      case "notice": .notice
      case "warning": .warning
      case "alarm": .alarm
      default: nil
      }
    pattern = Pattern(body)
  }

  func passes(_ event: FleetEvent) -> Bool {
    if let atLeast { return (event.severity >= atLeast) != negated }
    let found =
      pattern.matches(event.reason) || pattern.matches(event.message)
      || event.device.map { pattern.matches($0.description) } == true
      || event.register.map(pattern.matches) == true
    return found != negated
  }
}
