import Control
import Fleet
import Terminal

/// One lane a device, time to the right.
enum TimelinePane {
  /// Rows below the lanes: the axis, and the read-out or the legend.
  private static let footer = 2

  static func labelWidth(_ inside: Rect, _ model: Model) -> Int {
    min(max(inside.width / 4, 8), 24, max(model.index.longestName, 6))
  }
  static func columns(_ inside: Rect, _ model: Model) -> Int {
    max(inside.width - labelWidth(inside, model) - 3, 1)
  }

  /// Lanes stand apart where there is room for that.
  static func pitch(_ inside: Rect, _ model: Model) -> Int {
    let lanes = model.index.rows.count
    return lanes > 0 && lanes * 2 - 1 <= inside.height - footer ? 2 : 1
  }

  /// Indices of the devices with a lane: those around the cursor of the fleet list, in its order.
  static func lanes(_ model: Model, _ inside: Rect) -> [Int] {
    let height = max(inside.height - footer, 1)
    let rows = model.index.rows
    let top = ListPosition.top(
      cursor: model.list.cursor, top: model.list.top, count: rows.count, height: height)
    return rows[min(top, rows.count)...].prefix(height).compactMap {
      if case .device(let index) = $0 { index } else { nil }
    }
  }

  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let live = model.timeline.end == nil ? "" : "scrolled back  "
    let inside = frame.pane(.timeline, rect, note: "\(live)\(model.timeline.spanName)", model, layout)
    guard inside.height > footer, inside.width > 12 else { return }
    let labels = labelWidth(inside, model)
    let pitch = pitch(inside, model)
    let plot = Rect(
      x: inside.x + labels + 2, y: inside.y, width: columns(inside, model), height: inside.height - footer)
    let window = model.timeline.window(columns: plot.width, now: model.now)
    let lanes = lanes(model, inside)
    var present: Set<DeviceStatus> = []
    let events = LaneMarks(model, window, Set(lanes.map { model.index.devices[$0].id }))
    for (offset, index) in lanes.enumerated() {
      let device = model.index.devices[index]
      let row = plot.row(offset * pitch)
      let isSelected = device.id == model.selected
      let style = Style(device.view.role == .good ? .dim : device.view.role, on: nil, isSelected ? .bold : [])
      if isSelected {
        frame.put(
          frame.glyphs.cursorBar, at: Point(inside.x, row.y), style: Style(.cursor, on: .selectionUnfocused))
      }
      frame.put(device.id.name, at: Point(inside.x + 1, row.y), style: style, width: labels)
      drawLane(Lane.statuses(of: device, model, window), row, &present, into: &frame)
      drawMarks(events.of(device.id), window, row, into: &frame)
    }
    let axis = Rect(x: inside.x, y: plot.maxY, width: inside.width, height: 1)
    TimeAxis.draw(window, model, Rect(x: plot.x, y: axis.y, width: plot.width, height: 1), into: &frame)
    drawCursor(model, window, plot, into: &frame)
    let last = Rect(x: inside.x, y: plot.maxY + 1, width: inside.width, height: 1)
    if let cursor = model.timeline.cursor {
      drawReadOut(cursor, model, window, events, last, into: &frame)
    } else {
      drawLegend(present, last, into: &frame)
    }
  }

  private static func drawLane(
    _ statuses: [DeviceStatus?], _ row: Rect, _ present: inout Set<DeviceStatus>, into frame: inout Frame
  ) {
    for (column, status) in statuses.enumerated() {
      guard let status else { continue }
      present.insert(status)
      let style = Style(status == .inSync ? .border : status.role)
      frame.put(frame.glyphs.lane(status.role), at: Point(row.x + column, row.y), style: style)
    }
  }

  private static func drawMarks(
    _ marks: [DeviceHistory.Mark], _ window: TimeWindow, _ row: Rect, into frame: inout Frame
  ) {
    for mark in marks {
      guard let column = window.column(of: mark.at) else { continue }
      let at = Point(row.x + column, row.y)
      switch mark.kind {
      case .correction: frame.put(frame.glyphs.correctionMark, at: at, style: Style(.correctionMark))
      case .commit: frame.put(frame.glyphs.commitMark, at: at, style: Style(.commitMark))
      case .drift, .failure: break
      }
    }
  }

  private static func drawCursor(_ model: Model, _ window: TimeWindow, _ plot: Rect, into frame: inout Frame)
  {
    guard let cursor = model.timeline.cursor, let column = window.column(of: cursor) else { return }
    let line = Rect(x: plot.x + column, y: plot.y, width: 1, height: plot.height)
    frame.restyle(line) { $0.on(.selection) }
    frame.put(frame.glyphs.arrowUp, at: Point(plot.x + column, plot.maxY), style: Style(.cursor))
  }

  private static func drawReadOut(
    _ cursor: WallTime, _ model: Model, _ window: TimeWindow, _ marks: LaneMarks, _ row: Rect,
    into frame: inout Frame
  ) {
    var spans = [Span(" \(model.time.moment(cursor))", Style(.title))]
    if let device = model.device, let column = window.column(of: cursor) {
      let status = Lane.statuses(of: device, model, window)[column]
      spans.append(Span("  \(device.id.name) ", Style(.text)))
      if let status {
        let role = status == .inSync ? Role.dim : status.role
        spans.append(Span("\(frame.glyphs.state(status.role).text) \(status.word)", Style(role)))
      } else {
        spans.append(Span("not known", Style(.dim)))
      }
      for mark in marks.of(device.id) where window.column(of: mark.at) == column {
        spans.append(Span("  \(model.time.clock(mark.at)) \(mark.text)", Style(.text)))
      }
    }
    frame.put(spans, at: row.origin, width: row.width)
  }

  /// Only signs that are on the screen, the worst first; what does not fit is left out whole.
  private static func drawLegend(_ present: Set<DeviceStatus>, _ row: Rect, into frame: inout Frame) {
    var entries: [(sign: Unicode.Scalar, style: Style, word: String)] = []
    for status in present.sorted(by: { $0.rank > $1.rank }) {
      let style = Style(status == .inSync ? .border : status.role)
      entries.append((frame.glyphs.lane(status.role), style, status.word))
    }
    entries.append((frame.glyphs.correctionMark, Style(.correctionMark), "correction"))
    entries.append((frame.glyphs.commitMark, Style(.commitMark), "commit"))
    var x = row.x + 1
    for entry in entries {
      let width = 2 + DisplayWidth.of(entry.word)
      guard x + width <= row.maxX else { return }
      frame.put(entry.sign, at: Point(x, row.y), style: entry.style)
      frame.put(entry.word, at: Point(x + 2, row.y), style: Style(.dim))
      x += width + 2
    }
  }
}

/// The states of one device in the columns of a window.
enum Lane {
  /// The worst state in each column's time, so that no short drift is lost; `nil`: not known.
  static func statuses(of device: DeviceSnapshot, _ model: Model, _ window: TimeWindow) -> [DeviceStatus?] {
    let past = model.lanes.past[device.id]
    let changes = model.tracks.states(of: device, past: past?.history.states ?? [], pastEnd: past?.to)
    var result = [DeviceStatus?](repeating: nil, count: window.columns)
    let known = min(model.shown?.at ?? model.now, model.now)
    // What holds now is drawn up to the edge, as the edge stands still for a while.
    let now =
      window.right - known <= .milliseconds(Int(clamping: window.pace))
      ? window.right : known + .milliseconds(1)
    for (index, change) in changes.enumerated() {
      guard let status = change.status else { continue }
      let end = index + 1 < changes.count ? changes[index + 1].at : now
      guard end > window.left, change.at < window.right, end > change.at else { continue }
      let first = window.column(of: change.at) ?? 0
      let last = window.column(of: end + .milliseconds(-1)) ?? window.columns - 1
      guard first <= last else { continue }
      for column in first...last where (result[column]?.rank ?? -1) < status.rank { result[column] = status }
    }
    return result
  }
}

/// Corrections and commits on the lanes: from the engine's past, and from the events seen since.
struct LaneMarks {
  private var byDevice: [DeviceID: [DeviceHistory.Mark]] = [:]
  private var commits: [DeviceHistory.Mark] = []

  init(_ model: Model, _ window: TimeWindow, _ devices: Set<DeviceID>) {
    for device in devices {
      guard let past = model.lanes.past[device] else { continue }
      byDevice[device] = past.history.marks
    }
    for event in model.shown?.events ?? [] where event.at >= window.left && event.at < window.right {
      guard let device = event.device else {
        if event.reason.hasPrefix("Revision") || event.reason.hasPrefix("Commit")
          || event.reason == "SourceChanged"
        {
          commits.append(.init(at: event.at, kind: .commit, text: event.message))
        }
        continue
      }
      guard devices.contains(device), let kind = Self.kind(event.reason) else { continue }
      if let to = model.lanes.past[device]?.to, event.at <= to { continue }
      byDevice[device, default: []].append(.init(at: event.at, kind: kind, text: event.message))
    }
  }

  func of(_ device: DeviceID) -> [DeviceHistory.Mark] { (byDevice[device] ?? []) + commits }

  private static func kind(_ reason: String) -> DeviceHistory.Mark.Kind? {
    switch reason {
    case "DriftDetected": .drift
    case "DriftCorrected": .correction
    case "ConnectionFailed", "ConnectionLost": .failure
    default: nil
    }
  }
}

/// Times below a picture, at round values.
enum TimeAxis {
  private static let steps: [Int64] = [
    1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800,
    432_000, 604_800,
  ]

  static func draw(_ window: TimeWindow, _ model: Model, _ row: Rect, into frame: inout Frame) {
    let perTick = steps.first { $0 * 1000 >= window.step.multipliedClamped(14) } ?? 864_000
    let offset = Int64(model.settings.utcOffset(window.right)) * 1000
    let tick = perTick * 1000
    var at = (window.left.milliseconds + offset) / tick * tick + tick - offset
    frame.put("", at: row.origin, style: Style(.axis), width: row.width)
    while at < window.right.milliseconds {
      let time = WallTime(milliseconds: at)
      if let column = window.column(of: time) {
        let label = model.time.axisLabel(time, span: model.timeline.span)
        if column + label.count + 1 < row.width - 4 {
          frame.put(frame.glyphs.border.teeBottom, at: Point(row.x + column, row.y), style: Style(.axis))
          frame.put(label, at: Point(row.x + column + 1, row.y), style: Style(.axis))
        }
      }
      at += tick
    }
    // Where the cursor's arrow stands, there is no room for the word.
    let cursor = model.timeline.cursor.flatMap(window.column) ?? 0
    if model.timeline.end == nil, cursor < row.width - 3 {
      frame.put("now", at: Point(row.maxX - 3, row.y), style: Style(.axis))
    }
  }
}
