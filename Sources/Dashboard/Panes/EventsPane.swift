import Control
import Fleet
import Terminal

/// What happened, newest first.
enum EventsPane {
  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let focused = model.focus == .events
    let events = model.shownEvents
    let total = model.shown?.events.count ?? 0
    let cursor =
      model.events.cursor.flatMap { sequence in events.firstIndex { $0.sequence <= sequence } } ?? 0
    // A list that does not follow what happens must say so.
    let newer = cursor > 0 ? "\(ValueFormat.grouped(cursor)) newer: Esc" : nil
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
    let top = ListPosition.top(
      cursor: cursor, top: model.eventsTop, count: events.count, height: inside.height)
    let shown = events[top..<min(top + inside.height, events.count)]
    let columns = Columns(width: inside.width, shown, model)
    for (offset, event) in shown.enumerated() {
      let row = inside.row(offset)
      columns.draw(event, model, row, into: &frame)
      if focused, top + offset == cursor { frame.select(row, focused: true) }
    }
    frame.scrollBar(inside, top: top, count: events.count)
  }

  private struct Columns {
    var time = 8
    var reason = 0
    var device = 0
    let width: Int

    init(width: Int, _ events: some Sequence<FleetEvent>, _ model: Model) {
      self.width = width
      for event in events {
        time = max(time, DisplayWidth.of(model.time.moment(event.at)))
        reason = max(reason, min(DisplayWidth.of(event.reason), 18))
        device = max(device, min(DisplayWidth.of(event.device?.name ?? ""), 24))
      }
      if width < 60 { device = min(device, 12) }
    }

    func draw(_ event: FleetEvent, _ model: Model, _ row: Rect, into frame: inout Frame) {
      let role = role(event)
      var x = row.x + 1
      frame.put(
        model.time.moment(event.at), at: Point(x, row.y), style: Style(.dim), width: time, align: .trailing)
      x += time + 1
      let sign = role == .text ? frame.glyphs.bullet : frame.glyphs.state(role)
      let shown = TextFit.truncate(event.reason, to: reason, glyphs: frame.glyphs)
      frame.put("\(sign.text) \(shown)", at: Point(x, row.y), style: Style(role))
      x += 2
      x += reason + 2
      if device > 0 {
        frame.put(event.device?.name ?? "", at: Point(x, row.y), style: Style(.text), width: device)
        x += device + 2
      }
      frame.put(
        event.message, at: Point(x, row.y), style: Style(role == .text ? .dim : .text),
        width: max(row.maxX - x, 0))
    }

    private func role(_ event: FleetEvent) -> Role {
      switch event.severity {
      case .info, .notice: event.reason == "DriftCorrected" ? .corrected : .text
      case .warning: event.reason == "DriftDetected" ? .drifted : .warning
      case .alarm: .alarm
      }
    }
  }
}

extension Model {
  /// Following the newest unless the cursor was moved.
  var eventsTop: Int { events.cursor == nil ? 0 : events.top }
}
