import Control
import Fleet
import Terminal

/// One device: what Git says beside what is, who wanted it, since when it is not so, and why nothing is
/// written.
enum RealityPane {
  /// Status line and column header.
  static let headerHeight = 2
  /// Lines about the selected register that matter most.
  private static let detailHeight = 8

  static func rowCount(_ inside: Rect, registers: Int) -> Int {
    let room = inside.height - headerHeight
    return max(min(registers, max(room - detailHeight, min(3, room / 2))), 1)
  }

  static func draw(_ model: Model, _ rect: Rect, _ layout: Layout, into frame: inout Frame) {
    let focused = model.focus == .reality
    let inside = frame.pane(.reality, rect, note: model.device?.id.name ?? "", model, layout)
    guard !inside.isEmpty else { return }
    guard let device = model.device else {
      frame.put(" No device under the cursor", at: inside.origin, style: Style(.dim), width: inside.width)
      return
    }
    drawStatus(device, model, inside.row(0), into: &frame)
    let rows = rowCount(inside, registers: device.view.registers.count)
    let table = Rect(x: inside.x, y: inside.y + 1, width: inside.width, height: rows + 1)
    drawTable(device, model, table, focused: focused, into: &frame)
    let used = rows + headerHeight
    let rest = inside.cutTop(used).rest
    if rest.height > 0 { drawDetail(device, model, rest, into: &frame) }
  }

  private static func drawStatus(
    _ device: DeviceSnapshot, _ model: Model, _ row: Rect, into frame: inout Frame
  ) {
    let view = device.view
    let role = view.role
    let style = Style(role == .good ? .dim : role, on: nil, role == .good ? [] : .bold)
    var spans = [Span(" \(frame.glyphs.state(role).text) \(view.word)", style)]
    if view.status != .inSync, let since = device.troubleSince {
      spans.append(Span(" \(model.time.coarseAge(since))", style))
    }
    // "unreachable" says it already, and the reason needs the room.
    if view.status != .unreachable { spans.append(Span("  \(view.phase.rawValue)", Style(.text))) }
    if let error = view.lastError, view.failures > 0 || !view.isLive {
      spans.append(Span("  \(error)", Style(role == .good ? .warning : role)))
      if let retry = view.retryAt, retry > model.now {
        spans.append(Span(", next try \(model.time.clock(retry))", Style(.dim)))
      }
    } else if !view.message.isEmpty, !view.message.hasPrefix(view.word) {
      spans.append(Span("  \(view.message)", Style(.dim)))
    }
    if let by = device.acknowledgedBy, view.status.isAbnormal {
      spans.append(Span("  acknowledged by \(by)", Style(.dim)))
    }
    let port = device.spec.port == 502 ? "" : ":\(device.spec.port)"
    spans.append(Span("  \(device.spec.address)\(port) unit \(device.spec.unitID)", Style(.dim)))
    frame.put(spans, at: row.origin, width: row.width)
  }

  private static func drawTable(
    _ device: DeviceSnapshot, _ model: Model, _ table: Rect, focused: Bool, into frame: inout Frame
  ) {
    let registers = device.view.registers
    guard !registers.isEmpty else {
      frame.put(" not read yet", at: Point(table.x, table.y), style: Style(.dim))
      return
    }
    let height = table.height - 1
    let cursor = min(max(model.registers.cursor, 0), registers.count - 1)
    let top = ListPosition.top(
      cursor: cursor, top: model.registers.top, count: registers.count, height: height)
    let lines = registers.map { RealityLine($0, device, model) }
    let columns = RealityColumns(width: table.width, lines)
    columns.drawHeader(table.row(0), into: &frame)
    for offset in 0..<min(height, registers.count - top) {
      let row = table.row(offset + 1)
      columns.draw(lines[top + offset], row, into: &frame)
      if top + offset == cursor, registers.count > 1 || focused { frame.select(row, focused: focused) }
    }
    frame.scrollBar(table.cutTop(1).rest, top: top, count: registers.count)
  }

  private static func drawDetail(
    _ device: DeviceSnapshot, _ model: Model, _ rect: Rect, into frame: inout Frame
  ) {
    guard let register = model.register else { return }
    let index = min(max(model.registers.cursor, 0), device.view.registers.count - 1)
    let facts = RegisterFacts.of(register, index: index, device, model)
    var area = rect
    // A rule between table and details where there is room for it.
    if facts.count + 1 < area.height || area.height > 7 {
      frame.horizontalLine(at: Point(area.x, area.y), length: area.width, style: Style(.border))
      frame.put(" \(register.spec.name) ", at: Point(area.x + 1, area.y), style: Style(.title))
      area = area.cutTop(1).rest
    }
    for fact in facts {
      guard area.height > 0 else { return }
      frame.put(
        fact.label, at: Point(area.x + 1, area.y), style: Style(fact.labelRole),
        width: RegisterFacts.labelWidth)
      let text = Rect(
        x: area.x + RegisterFacts.labelWidth + 2, y: area.y,
        width: max(area.width - RegisterFacts.labelWidth - 3, 1),
        height: area.height)
      var used = 1
      if fact.mayWrap {
        used = frame.paragraph(fact.text, text, style: Style(fact.role))
      } else {
        frame.put(fact.text, at: text.origin, style: Style(fact.role), width: text.width)
      }
      area = area.cutTop(max(used, 1)).rest
    }
    drawRecent(device, model, area, into: &frame)
  }

  /// Where there is room: what happened to this device.
  private static func drawRecent(
    _ device: DeviceSnapshot, _ model: Model, _ area: Rect, into frame: inout Frame
  ) {
    guard area.height >= 4, let all = model.shown?.events else { return }
    let recent = all.reversed().lazy.filter { $0.device == device.id }.prefix(area.height - 2)
    guard let first = recent.first else { return }
    frame.horizontalLine(at: Point(area.x, area.y + 1), length: area.width, style: Style(.border))
    frame.put(" lately ", at: Point(area.x + 1, area.y + 1), style: Style(.title))
    let time = recent.reduce(DisplayWidth.of(model.time.moment(first.at))) {
      max($0, DisplayWidth.of(model.time.moment($1.at)))
    }
    for (offset, event) in recent.enumerated() {
      let row = area.row(offset + 2)
      frame.put(
        model.time.moment(event.at), at: Point(row.x + 1, row.y), style: Style(.dim), width: time,
        align: .trailing)
      frame.put(
        RevisionText.shortened(event.message), at: Point(row.x + time + 3, row.y),
        style: Style(event.severity >= .warning ? .text : .dim),
        width: max(row.width - time - 4, 0))
    }
  }
}

/// The texts of one register.
struct RealityLine {
  let name: String
  let desired: String
  let actual: String
  let unit: String
  let delta: String
  let age: (text: String, isLate: Bool)
  let word: String
  let role: Role
  let isLive: Bool

  init(_ register: RegisterView, _ device: DeviceSnapshot, _ model: Model) {
    let format = ValueFormat(register.spec)
    let nothing = String(Character(model.glyphs.noValue))
    name = register.spec.name
    desired = register.spec.desired.map(format.text) ?? nothing
    let isKnown = device.view.isLive && register.exception == nil
    actual = register.actual.map { isKnown ? format.text($0) : "?" } ?? nothing
    unit = register.spec.unit
    role = register.role(in: device.view)
    word = register.word(in: device.view)
    isLive = isKnown
    age = AgeText.of(register.lastRead, interval: device.spec.pollInterval, model.time)
    if isLive, let want = register.spec.desired, let present = register.actual {
      delta = format.delta(from: want, to: present) ?? (register.inSync == false ? "differs" : "")
    } else {
      delta = ""
    }
  }
}
