import Control
import Fleet
import Terminal

/// All devices, worst first: one line each.
enum FleetPane {
  static let headerHeight = 1

  static func rowCount(_ inside: Rect) -> Int { max(inside.height - headerHeight, 1) }

  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let focused = model.focus == .fleet
    let inside = frame.pane(.fleet, rect, note: note(model), model, layout)
    guard !inside.isEmpty else { return }
    guard let snapshot = model.shown else {
      return message(
        "Connecting to the engine…", "The first picture comes with the first snapshot.", inside, into: &frame)
    }
    if snapshot.devices.isEmpty { return empty(snapshot, inside, into: &frame) }
    if model.index.rows.isEmpty {
      return message(
        "No device matches  \(model.index.filter.text)",
        "Esc or an empty filter shows all \(snapshot.devices.count).", inside,
        into: &frame)
    }
    drawList(model, inside, focused: focused, into: &frame)
  }

  private static func note(_ model: Model) -> String {
    var parts: [String] = []
    if !model.marked.isEmpty { parts.append("\(ValueFormat.grouped(model.marked.count)) marked") }
    if !model.index.filter.isEmpty {
      parts.append("/\(model.index.filter.text)")
      parts.append(
        "\(ValueFormat.grouped(model.index.order.count)) of \(ValueFormat.grouped(model.index.devices.count))"
      )
    }
    parts.append(model.index.sort.title)
    return parts.joined(separator: "  ")
  }

  private static func empty(_ snapshot: FleetSnapshot, _ inside: Rect, into frame: inout Frame) {
    switch snapshot.source.state {
    case .loading: message("Reading \(snapshot.source.origin)…", "", inside, into: &frame)
    case .invalid(_, let problems):
      let first = problems.first ?? "The manifests have mistakes."
      let more =
        problems.count > 1
        ? "And \(problems.count - 1) more: press ! to list them."
        : "`fabctl lint` checks manifests; `fabctl capture ADDRESS` writes one from a running PLC."
      message("No valid commit yet", "\(first). \(more)", inside, into: &frame)
    case .unavailable(let reason, _): message("The source cannot be read", reason, inside, into: &frame)
    case .good:
      let verb = snapshot.mode == .attached ? "Apply" : "Commit"
      message(
        "No devices in \(snapshot.source.origin)",
        "\(verb) a manifest of kind IndustrialPLC. `fabctl capture ADDRESS` writes one from a running PLC.",
        inside, into: &frame)
    }
  }

  static func message(_ title: String, _ text: String, _ inside: Rect, into frame: inout Frame) {
    let area = inside.inset(dx: min(3, inside.width / 8), dy: 0)
    let top = max((inside.height - 3) / 3, 0)
    frame.put(title, at: Point(area.x, area.y + top), style: Style(.title), width: area.width)
    let body = Rect(
      x: area.x, y: area.y + top + 1, width: area.width, height: max(inside.height - top - 1, 0))
    frame.paragraph(text, body, style: Style(.dim))
  }

  private static func drawList(_ model: Model, _ inside: Rect, focused: Bool, into frame: inout Frame) {
    let (header, body) = inside.cutTop(headerHeight)
    let count = model.index.rows.count
    let top = ListPosition.top(
      cursor: model.list.cursor, top: model.list.top, count: count, height: body.height)
    let lines = (top..<min(top + body.height, count)).map { row -> FleetLine? in
      model.index.device(atRow: row).map { FleetLine($0, model) }
    }
    let columns = FleetColumns(
      width: inside.width, lines: lines.compactMap { $0 }, wanted: model.settings.columns)
    columns.drawHeader(header, model, into: &frame)
    for (offset, line) in lines.enumerated() {
      let rect = body.row(offset)
      if let line {
        columns.draw(line, rect, into: &frame)
      } else if case .group(let group) = model.index.rows[top + offset] {
        drawGroup(model.index.groups[group], model.index.grouping, rect, into: &frame)
      }
      if top + offset == model.list.cursor { frame.select(rect, focused: focused) }
    }
    frame.scrollBar(body, top: top, count: count)
  }

  private static func drawGroup(
    _ group: FleetIndex.Group, _ grouping: Grouping, _ row: Rect, into frame: inout Frame
  ) {
    let fold = group.isCollapsed ? frame.glyphs.collapsed : frame.glyphs.expanded
    let name = group.name.isEmpty ? "(no \(grouping.title))" : group.name
    var spans = [
      Span(" \(fold.text) ", Style(.dim)), Span(name, Style(.title, on: nil, .bold)),
      Span("  \(ValueFormat.grouped(group.total))", Style(.dim)),
    ]
    for status in DeviceStatus.allCases.sorted(by: { $0.rank > $1.rank }) {
      let count = group.byStatus[status.rank]
      guard count > 0, status != .inSync else { continue }
      spans.append(
        Span(
          "   \(frame.glyphs.state(status.role).text) \(ValueFormat.grouped(count)) \(status.word)",
          Style(status.role)))
    }
    frame.put(spans, at: row.origin, width: row.width)
  }
}
