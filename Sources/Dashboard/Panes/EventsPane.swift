import Control
import Fleet
import Terminal

/// What happened, newest first.
enum EventsPane {
  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let focused = model.focus == .events
    let window = model.eventsWindow(layout)
    let events = window.events
    let total = model.shown?.events.count ?? 0
    // A list that does not follow what happens must say so.
    let newer = window.cursor > 0 ? "\(ValueFormat.grouped(window.cursor)) newer: Esc" : nil
    let note =
      model.events.filter.isEmpty
      ? newer ?? "newest first"
      : "/\(model.events.filter)  " + (newer ?? "\(events.count) of \(total)")
    let inside = frame.pane(.events, rect, note: note, model, layout)
    guard !inside.isEmpty else { return }
    guard !events.isEmpty else {
      let text = total == 0 ? "Nothing has happened yet." : "No event matches  \(model.events.filter)"
      frame.put(" \(text)", at: inside.origin, style: Style(.dim), width: inside.width)
      return
    }
    for offset in 0..<max(min(inside.height, events.count - window.top), 0) {
      let index = window.top + offset
      let line = index > window.cursor ? offset + window.extra : offset
      guard line < inside.height else { break }
      let row = inside.row(line)
      guard index == window.cursor else {
        window.columns.draw(
          events[index], RevisionText.shortened(events[index].message), model, row, into: &frame)
        continue
      }
      window.columns.draw(events[index], window.lines.first ?? "", model, row, into: &frame)
      for (more, text) in window.lines.dropFirst().enumerated() {
        let below = inside.row(line + more + 1)
        window.columns.drawMessage(text, of: events[index], below, into: &frame)
        if focused { frame.select(below, focused: true) }
      }
      // Last, so that the event's first row is the one that has the focus.
      if focused { frame.select(row, focused: true) }
    }
    frame.scrollBar(inside, top: window.top, count: events.count)
  }
}

/// What the events pane shows of its list.
struct EventsWindow {
  let events: [FleetEvent]
  /// The event under the cursor.
  let cursor: Int
  /// The first event that is shown.
  let top: Int
  /// The message under the cursor: the whole of it when the pane is zoomed, else one line.
  let lines: [String]
  let columns: EventColumns

  /// Rows that the event under the cursor takes besides its first.
  var extra: Int { max(lines.count - 1, 0) }

  /// The event in a row of the pane.
  func event(atRow row: Int) -> Int? {
    let chosen = cursor - top
    let offset = row <= chosen ? row : max(row - extra, chosen)
    return events.indices.contains(top + offset) ? top + offset : nil
  }
}

extension Model {
  /// The cursor and the window of the events pane; in the zoomed pane, the event under the cursor is wrapped.
  func eventsWindow(_ layout: Layout) -> EventsWindow {
    let inside = inside(.events, layout) ?? Rect(x: 0, y: 0, width: 78, height: 10)
    let all = shownEvents
    let cursor = events.cursor.flatMap { sequence in all.firstIndex { $0.sequence <= sequence } } ?? 0
    func top(_ height: Int) -> Int {
      // Following the newest unless the cursor was moved.
      let last = events.cursor == nil ? 0 : events.top
      return ListPosition.top(cursor: cursor, top: last, count: all.count, height: height)
    }
    let first = top(inside.height)
    let columns = EventColumns(
      width: inside.width, all[min(first, all.count)..<min(first + inside.height, all.count)], self)
    guard all.indices.contains(cursor) else {
      return EventsWindow(events: all, cursor: 0, top: 0, lines: [], columns: columns)
    }
    let message = RevisionText.shortened(all[cursor].message)
    guard isZoomed, focus == .events else {
      return EventsWindow(events: all, cursor: cursor, top: first, lines: [message], columns: columns)
    }
    let lines = Array(
      TextFit.wrap(columns.whole(message, all[cursor]), to: columns.message).prefix(max(inside.height, 1)))
    return EventsWindow(
      events: all, cursor: cursor, top: top(inside.height - max(lines.count - 1, 0)), lines: lines,
      columns: columns)
  }
}

/// The columns of the events pane.
struct EventColumns {
  private var time = 8
  /// 0: left out, as the message needs the room.
  private var reason = 0
  private var device = 0
  private let width: Int
  /// A narrow pane gives the message at least this.
  private static let messageLeast = 30

  init(width: Int, _ events: some Sequence<FleetEvent>, _ model: Model) {
    self.width = width
    for event in events {
      time = max(time, DisplayWidth.of(model.time.moment(event.at)))
      reason = max(reason, min(DisplayWidth.of(event.reason), 18))
      device = max(device, min(DisplayWidth.of(event.device?.name ?? ""), 24))
    }
    if width < 60 { device = min(device, 12) }
    guard width < 100, message < Self.messageLeast else { return }
    reason = 0
    device = min(device, max(device - (Self.messageLeast - message), 12))
  }

  /// Where the message begins.
  private var indent: Int { 1 + time + 3 + (reason > 0 ? reason + 2 : 0) + (device > 0 ? device + 2 : 0) }

  /// Columns of the message.
  var message: Int { max(width - indent, 1) }

  /// The message, with what the columns before it left out or cut.
  func whole(_ message: String, _ event: FleetEvent) -> String {
    var lost: [String] = []
    if DisplayWidth.of(event.reason) > reason { lost.append(event.reason) }
    if let name = event.device?.name, DisplayWidth.of(name) > device { lost.append(name) }
    return lost.isEmpty ? message : "\(message) (\(lost.joined(separator: ", ")))"
  }

  func draw(_ event: FleetEvent, _ message: String, _ model: Model, _ row: Rect, into frame: inout Frame) {
    let role = role(event)
    var x = row.x + 1
    frame.put(
      model.time.moment(event.at), at: Point(x, row.y), style: Style(.dim), width: time, align: .trailing)
    x += time + 1
    let sign = role == .text ? frame.glyphs.bullet : frame.glyphs.state(role)
    frame.put(sign, at: Point(x, row.y), style: Style(role))
    x += 2
    if reason > 0 {
      frame.put(event.reason, at: Point(x, row.y), style: Style(role), width: reason)
      x += reason + 2
    }
    if device > 0 {
      frame.put(event.device?.name ?? "", at: Point(x, row.y), style: Style(.text), width: device)
    }
    drawMessage(message, of: event, row, into: &frame)
  }

  func drawMessage(_ text: String, of event: FleetEvent, _ row: Rect, into frame: inout Frame) {
    frame.put(
      text, at: Point(row.x + indent, row.y), style: Style(role(event) == .text ? .dim : .text),
      width: max(row.width - indent, 0))
  }

  private func role(_ event: FleetEvent) -> Role {
    switch event.severity {
    case .info, .notice: event.reason == "DriftCorrected" ? .corrected : .text
    case .warning: event.reason == "DriftDetected" ? .drifted : .warning
    case .alarm: .alarm
    }
  }
}
