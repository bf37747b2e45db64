import Control
import Fleet
import Terminal

/// Dialogs stand in the middle, over everything but the header's first line where there is room for that.
enum DialogDrawing {
  static func draw(_ overlay: Overlay, _ model: Model, into frame: inout Frame) {
    switch overlay {
    case .help(let help): drawHelp(help, model, into: &frame)
    case .sync(let dialog): SyncDrawing.draw(dialog, model, into: &frame)
    case .confirm(let dialog): drawConfirm(dialog, into: &frame)
    case .shelve(let form): drawShelve(form, model, into: &frame)
    case .reason(let form): drawReason(form, into: &frame)
    case .palette(let palette): drawPalette(palette, model, into: &frame)
    case .themes: drawThemes(model, into: &frame)
    case .reader(let reader): drawReader(reader, into: &frame)
    }
  }

  /// An opened box; returns its inside.
  static func open(_ title: String, _ size: Size, danger: Bool = false, into frame: inout Frame) -> Rect {
    let rect = Rect(frame.size).centered(Size(size.width + 4, size.height + 2))
    frame.fill(rect, style: Style(.dialog))
    let edge = Style(danger ? .dialogDanger : .borderFocused, on: .dialog)
    let inside = frame.box(
      rect, style: edge, title: title, titleStyle: Style(danger ? .dialogDanger : .dialogTitle), focused: true
    )
    return inside.inset(dx: 1, dy: 0)
  }

  static func buttons(
    _ labels: [(text: String, isFocused: Bool, isOff: Bool)], _ row: Rect, into frame: inout Frame
  ) {
    let widths = labels.map { DisplayWidth.of($0.text) + 4 }
    var x = row.maxX - widths.reduce(0, +) - 2 * (labels.count - 1)
    for (label, width) in zip(labels, widths) {
      let style =
        label.isFocused ? Style(.buttonFocused) : Style(label.isOff ? .keyDisabled : .button, on: .button)
      // The brackets tell the focus without colour.
      let text = label.isFocused ? "[ \(label.text) ]" : "  \(label.text)  "
      frame.put(text, at: Point(x, row.y), style: style, width: width)
      x += width + 2
    }
  }

  private static func drawConfirm(_ dialog: ConfirmDialog, into frame: inout Frame) {
    let longest = dialog.lines.map { DisplayWidth.of($0) }.max() ?? 0
    let width = min(max(longest, 44), frame.size.width - 6)
    let lines = dialog.lines.flatMap {
      $0.isEmpty ? [""] : DisplayWidth.of($0) > width ? TextFit.wrap($0, to: width) : [$0]
    }
    let height = min(lines.count + 3, frame.size.height - 4)
    let inside = open(dialog.title, Size(width, height), into: &frame)
    let body = inside.cutBottom(2).rest
    let top = min(max(dialog.scroll, 0), max(lines.count - body.height, 0))
    for (index, line) in lines[top...].prefix(body.height).enumerated() {
      frame.put(line, at: Point(body.x, body.y + index), style: Style(.dialog), width: body.width)
    }
    let row = inside.row(inside.height - 1)
    frame.put("y confirms", at: row.origin, style: Style(.dim, on: .dialog))
    buttons(
      [("Cancel", !dialog.confirmHasFocus, false), (dialog.confirmLabel, dialog.confirmHasFocus, false)], row,
      into: &frame)
  }

  private static func drawShelve(_ form: ShelveForm, _ model: Model, into frame: inout Frame) {
    let what =
      form.register.map { "\($0) of \(form.devices.first?.name ?? "")" }
      ?? (form.devices.count == 1 ? form.devices[0].name : "\(form.devices.count) devices")
    let inside = open("Shelve \(what)", Size(min(64, frame.size.width - 6), 9), into: &frame)
    frame.paragraph(
      "No corrections and no alarms until the time is over. Reading goes on.", inside,
      style: Style(.dim, on: .dialog))
    func label(_ text: String, _ y: Int) {
      frame.put(text, at: Point(inside.x, inside.y + y), style: Style(.dialog))
    }
    let field = { (y: Int) in
      Rect(x: inside.x + 10, y: inside.y + y, width: max(inside.width - 10, 1), height: 1)
    }
    label("For", 3)
    frame.field(
      form.duration, Rect(x: inside.x + 10, y: inside.y + 3, width: 12, height: 1),
      focused: form.field == .duration)
    let until =
      ShelveForm.span(form.duration.text).map { "until \(model.time.moment(model.now + $0))" }
      ?? "30m, 1h30m, 2d"
    let hint =
      form.field == .duration
      ? "\(until)   \(frame.glyphs.arrowLeft.text) \(frame.glyphs.arrowRight.text) change" : until
    frame.put(
      hint, at: Point(inside.x + 24, inside.y + 3), style: Style(.dim, on: .dialog),
      width: max(inside.width - 24, 0))
    label("Reason", 5)
    frame.field(form.reason, field(5), focused: form.field == .reason)
    if let problem = form.problem {
      frame.put(
        problem, at: Point(inside.x, inside.y + 6), style: Style(.warning, on: .dialog), width: inside.width)
    }
    buttons([("Shelve", form.field == .button, false)], inside.row(inside.height - 1), into: &frame)
    if form.field == .button { frame.cursor = nil }
  }

  private static func drawReason(_ form: ReasonForm, into frame: inout Frame) {
    let longest = form.lines.map { DisplayWidth.of($0) }.max() ?? 0
    let width = min(max(longest, 64), frame.size.width - 6)
    // The lines with a blank one below them, or as many as there is room for.
    let room = max(frame.size.height - 4 - 7, 0)
    let listed = form.lines.isEmpty ? 0 : min(form.lines.count + 1, room)
    let box = open(form.title, Size(width, 7 + listed), into: &frame)
    for (index, line) in form.lines.prefix(listed - 1 > 0 ? listed - 1 : 0).enumerated() {
      let isCut = index == listed - 2 && form.lines.count > listed - 1
      let text = isCut ? "and \(form.lines.count - index) more" : line
      frame.put(text, at: Point(box.x, box.y + index), style: Style(.dialog), width: box.width)
    }
    let inside = box.cutTop(listed).rest
    frame.paragraph(
      form.explanation, inside.cutTop(2).piece, style: Style(.dim, on: .dialog))
    frame.put("Reason", at: Point(inside.x, inside.y + 3), style: Style(.dialog))
    frame.field(
      form.reason, Rect(x: inside.x + 10, y: inside.y + 3, width: max(inside.width - 10, 1), height: 1),
      focused: true)
    if let problem = form.problem {
      frame.put(
        problem, at: Point(inside.x, inside.y + 4), style: Style(.warning, on: .dialog), width: inside.width)
    }
    let row = inside.row(inside.height - 1)
    frame.put("Enter", at: row.origin, style: Style(.dim, on: .dialog))
    buttons([(form.button, true, false)], row, into: &frame)
  }

  private static func drawPalette(_ palette: Palette, _ model: Model, into frame: inout Frame) {
    let suggestions = model.suggestions(palette)
    let visible = min(max(suggestions.count, 1), max(min(frame.size.height - 8, 14), 1))
    let inside = open("Command", Size(min(72, frame.size.width - 6), visible + 2), into: &frame)
    frame.put(":", at: inside.origin, style: Style(.keyHintKey, on: .dialog))
    frame.field(
      palette.field, Rect(x: inside.x + 1, y: inside.y, width: inside.width - 1, height: 1), focused: true)
    let list = Rect(x: inside.x, y: inside.y + 2, width: inside.width, height: visible)
    guard !suggestions.isEmpty else {
      let command = PaletteCommand.named(palette.field.text)
      frame.put(
        command.map { "  \($0.name) \($0.argument)  \($0.summary)" } ?? "no such command", at: list.origin,
        style: Style(.dim, on: .dialog), width: list.width)
      return
    }
    let nameWidth = min(max(suggestions.map { DisplayWidth.of($0.line) }.max() ?? 10, 14), list.width / 2)
    let top = ListPosition.top(cursor: palette.choice ?? 0, top: 0, count: suggestions.count, height: visible)
    for (offset, suggestion) in suggestions[top...].prefix(visible).enumerated() {
      let row = list.row(offset)
      let command = PaletteCommand.all.first { $0.name == suggestion.line }
      let refusal = command?.action.flatMap { model.refusal(of: $0) }
      let role: Role = refusal == nil ? .dialog : .keyDisabled
      frame.put("  \(suggestion.line)", at: row.origin, style: Style(role, on: .dialog), width: nameWidth + 2)
      frame.put(
        refusal ?? suggestion.summary, at: Point(row.x + nameWidth + 4, row.y),
        style: Style(refusal == nil ? .dim : .keyDisabled, on: .dialog),
        width: max(row.width - nameWidth - 4, 0))
      if top + offset == palette.choice { frame.select(row, focused: true) }
    }
  }

  private static func drawThemes(_ model: Model, into frame: inout Frame) {
    let themes = model.settings.themes
    let visible = min(themes.count, max(frame.size.height - 8, 1))
    let width = min(60, frame.size.width - 6)
    let rect = Size(width, visible + 4)
    let inside = open("Theme", rect, into: &frame)
    let current = themes.firstIndex { $0.name == model.themeName } ?? 0
    let top = ListPosition.top(cursor: current, top: 0, count: themes.count, height: visible)
    for (offset, theme) in themes[top...].prefix(visible).enumerated() {
      let row = inside.row(offset)
      frame.put("  \(theme.name)", at: row.origin, style: Style(.dialog), width: 20)
      frame.put(
        theme.summary, at: Point(row.x + 20, row.y), style: Style(.dim, on: .dialog),
        width: max(row.width - 20, 0))
      if top + offset == current { frame.select(row, focused: true) }
    }
    // Every state in the previewed theme, to judge by.
    let samples = Role.states.map { Span("\(frame.glyphs.state($0).text) ", Style($0, on: .dialog)) }
    frame.put(
      samples, at: Point(inside.x + 2, inside.y + visible + 1), width: max(inside.width - 2, 0),
      fill: Style(.dialog))
    frame.put(
      "Enter keeps, Esc goes back", at: Point(inside.x + 2, inside.maxY - 1), style: Style(.dim, on: .dialog),
      width: inside.width - 2)
  }

  private static func drawReader(_ reader: Reader, into frame: inout Frame) {
    let longest = reader.lines.map { DisplayWidth.of($0.text) }.max() ?? 0
    let width = min(max(longest, 40), frame.size.width - 6)
    let height = min(max(reader.lines.count, 1), max(frame.size.height - 6, 1))
    let inside = open(reader.title, Size(width + 1, height), into: &frame)
    let body = Rect(x: inside.x, y: inside.y, width: inside.width - 1, height: inside.height)
    let top = min(max(reader.scroll, 0), max(reader.lines.count - body.height, 0))
    for (index, line) in reader.lines[top...].prefix(body.height).enumerated() {
      frame.put(line.spans, at: Point(body.x, body.y + index), width: body.width, fill: Style(.dialog))
    }
    frame.scrollBar(body, top: top, count: reader.lines.count)
  }

  private static func drawHelp(_ help: HelpView, _ model: Model, into frame: inout Frame) {
    let lines = model.helpLines(help.contexts)
    let width = min(76, frame.size.width - 6)
    let height = min(lines.count, max(frame.size.height - 6, 1))
    let inside = open("Keys here", Size(width, height), into: &frame)
    let body = Rect(x: inside.x, y: inside.y, width: inside.width - 1, height: inside.height)
    let top = min(max(help.scroll, 0), max(lines.count - body.height, 0))
    for (index, line) in lines[top...].prefix(body.height).enumerated() {
      frame.put(line.spans, at: Point(body.x, body.y + index), width: body.width, fill: Style(.dialog))
    }
    frame.scrollBar(body, top: top, count: lines.count)
  }
}

extension Model {
  /// Help for some contexts, from the table that dispatches; keys that cannot be had now say why.
  func helpLines(_ contexts: [KeyContext]) -> [Reader.Line] {
    var lines: [Reader.Line] = []
    for context in contexts {
      let bindings = settings.keys.bindings(in: [context])
      guard !bindings.isEmpty else { continue }
      if !lines.isEmpty { lines.append(.plain("")) }
      lines.append(.heading(context.heading))
      for binding in bindings {
        let keys = binding.keys.map(\.label).joined(separator: " ")
        var spans = [Span("  \(TextFit.pad(keys, to: 15, glyphs: glyphs))", Style(.keyHintKey, on: .dialog))]
        if let reason = refusal(of: binding.action) {
          spans[0].style = Style(.keyDisabled, on: .dialog)
          spans.append(Span("  \(binding.help) (not now: \(reason))", Style(.keyDisabled, on: .dialog)))
        } else {
          spans.append(Span("  \(binding.help)", Style(.dialog)))
        }
        lines.append(.init(spans: spans))
      }
    }
    guard contexts.contains(.panes) else { return lines }
    lines.append(.plain(""))
    lines.append(.heading("Words of the fleet filter"))
    for (word, meaning) in Filter.words + Filter.forms {
      lines.append(
        .init(spans: [
          Span("  \(TextFit.pad(word, to: 15, glyphs: glyphs))", Style(.keyHintKey, on: .dialog)),
          Span("  \(meaning)", Style(.dialog)),
        ]))
    }
    lines.append(.plain(""))
    lines.append(.heading("Signs"))
    for status in DeviceStatus.allCases.sorted(by: { $0.rank > $1.rank }) {
      lines.append(
        .init(spans: [
          Span(
            "  \(glyphs.state(status.role).text) \(TextFit.pad(status.word, to: 13, glyphs: glyphs))",
            Style(status.role, on: .dialog)),
          Span(
            "  \(glyphs.lane(status.role).text)\(glyphs.lane(status.role).text)  in the timeline",
            Style(.dim, on: .dialog)),
        ]))
    }
    return lines
  }
}

extension KeyContext {
  /// Over its part of the help.
  var heading: String {
    switch self {
    case .everywhere: "Everywhere"
    case .panes: "All panes"
    case .fleet: "Fleet"
    case .reality: "Git vs Reality"
    case .timeline: "Drift timeline"
    case .sparkline: "Sparkline"
    case .events: "Events"
    case .sync: "Sync"
    case .confirm: "Question"
    case .shelve: "Shelve"
    case .reason: "Reason"
    case .palette: "Command palette"
    case .themes: "Themes"
    case .help: "Help"
    case .reader: "Text"
    case .filter: "Filter"
    }
  }
}

extension Filter {
  /// Terms with something of one's own in them.
  static let forms: [(word: String, meaning: String)] = [
    ("pump", "name has \"pump\""), ("^line.[0-9]$", "name matches: . [ ] * + ? | ( ) ^ $"),
    ("tag:x", "has a tag like x"),
    ("zone=a", "label zone is a; zone= has one"), ("phase:x ns:x", "phase, namespace"),
    ("reg:x addr:x", "register name, address"),
    ("!term", "not so"),
  ]
}
