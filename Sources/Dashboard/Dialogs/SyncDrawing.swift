import Control
import Fleet
import Terminal

/// The sync dialog: every write on its own line, what the gates refuse apart, then progress and outcome.
enum SyncDrawing {
  static func draw(_ dialog: SyncDialog, _ model: Model, into frame: inout Frame) {
    let width = min(naturalWidth(dialog, model), frame.size.width - 6)
    let list = min(dialog.lineCount, SyncDialog.listHeight(frame.size))
    let title = dialog.scope.force ? "Sync \(dialog.title), forced" : "Sync \(dialog.title)"
    let inside = DialogDrawing.open(
      title, Size(width, list + SyncDialog.furniture), danger: dialog.needsReview || dialog.scope.force,
      into: &frame)
    frame.put(
      summary(dialog, model), at: inside.origin, style: Style(.dialog, on: nil, .bold), width: inside.width)
    drawBar(dialog, inside.row(1), into: &frame)
    let body = Rect(x: inside.x, y: inside.y + 2, width: inside.width - 1, height: list)
    let top = min(max(dialog.scroll, 0), max(dialog.lineCount - list, 0))
    switch dialog.stage {
    case .planning:
      frame.put("Asking the engine what would be written…", at: body.origin, style: Style(.dim, on: .dialog))
    case .reviewing, .submitting: drawPlan(dialog, model, body, top, into: &frame)
    case .running: drawProgress(dialog, model, body, top, into: &frame)
    case .refused(let reasons):
      for (index, reason) in reasons[top...].prefix(list).enumerated() {
        frame.put(
          reason, at: Point(body.x, body.y + index), style: Style(.warning, on: .dialog), width: body.width)
      }
    }
    frame.scrollBar(body, top: top, count: dialog.lineCount)
    drawFooter(dialog, Rect(x: inside.x, y: inside.maxY - 3, width: inside.width, height: 3), into: &frame)
  }

  /// As wide as what it lists, within 56...96.
  private static func naturalWidth(_ dialog: SyncDialog, _ model: Model) -> Int {
    var width = 56
    switch dialog.stage {
    case .planning: break
    case .reviewing, .submitting:
      for line in dialog.lines.prefix(200) {
        switch line {
        case .reason(let index, let number):
          width = max(
            width,
            DisplayWidth.of(dialog.refused[index].refusals[number].explanation(clock: model.time.moment)) + 8)
        case .write(let index):
          let write = dialog.writes[index]
          width = max(width, DisplayWidth.of(write.device.name) + DisplayWidth.of(write.register.name) + 40)
        case .blank, .refusedHeading, .refused: break
        }
      }
    case .running, .refused: width = 76
    }
    return min(width, 96)
  }

  private static func summary(_ dialog: SyncDialog, _ model: Model) -> String {
    switch dialog.stage {
    case .planning: return "One moment"
    case .submitting: return "Submitting"
    case .refused: return "The engine refused"
    case .running:
      guard let operation = dialog.operation else { return "Accepted: waiting for the first outcome" }
      let done = operation.lines.filter { $0.result != nil }.count
      return operation.state == .done
        ? "Done: \(outcomes(operation))" : "Under way: \(done) of \(operation.lines.count)"
    case .reviewing:
      if dialog.writes.isEmpty {
        guard dialog.refused.isEmpty else { return "Nothing can be written now" }
        let gone = released(dialog, model)
        if gone.isEmpty { return "Nothing to write: all is as Git says" }
        return gone.count == 1
          ? "Nothing to write: \(gone[0].name) is no longer in Git"
          : "Nothing to write: \(gone.count) devices are no longer in Git"
      }
      let registers = dialog.writes.count == 1 ? "1 register" : "\(dialog.writes.count) registers"
      let devices = dialog.deviceCount == 1 ? "1 device" : "\(dialog.deviceCount) devices"
      return "Write \(registers) on \(devices):"
    }
  }

  /// Devices whose manifest has gone since the dialog was opened.
  private static func released(_ dialog: SyncDialog, _ model: Model) -> [DeviceID] {
    guard let latest = model.latest else { return [] }
    let known = Set(latest.devices.map(\.id))
    return dialog.scope.devices.filter { !known.contains($0) }
  }

  /// How far it is; what did not end well is seen in the bar, too.
  private static func drawBar(_ dialog: SyncDialog, _ row: Rect, into frame: inout Frame) {
    guard case .running = dialog.stage, let lines = dialog.operation?.lines, lines.count > 1 else { return }
    let width = min(row.width, 40)
    let good = lines.filter { line in line.result.map { $0.outcome.isGood } ?? false }.count
    let bad = lines.filter { $0.result != nil }.count - good
    let (goodCells, badCells) = (good * width / lines.count, (bad * width + lines.count - 1) / lines.count)
    for column in 0..<width {
      let isGood = column < goodCells
      let isBad = !isGood && column < goodCells + badCells
      frame.put(
        isGood || isBad ? frame.glyphs.barFull : frame.glyphs.barEmpty, at: Point(row.x + column, row.y),
        style: Style(isGood ? .corrected : isBad ? .warning : .dim, on: .dialog))
    }
  }

  private static func outcomes(_ operation: Operation) -> String {
    var counts: [(String, Int)] = []
    for line in operation.lines {
      guard let result = line.result else { continue }
      let word = result.outcome.word
      if let index = counts.firstIndex(where: { $0.0 == word }) {
        counts[index].1 += 1
      } else {
        counts.append((word, 1))
      }
    }
    return counts.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
  }

  private static func drawPlan(
    _ dialog: SyncDialog, _ model: Model, _ body: Rect, _ top: Int, into frame: inout Frame
  ) {
    guard !dialog.lines.isEmpty else {
      let text =
        released(dialog, model).isEmpty
        ? "Every register that was read is within its tolerance."
        : "What is not in Git is neither polled nor written."
      frame.put(text, at: body.origin, style: Style(.dim, on: .dialog), width: body.width)
      return
    }
    let visible = dialog.lines[top...].prefix(body.height)
    let columns = PlanColumns(dialog, visible, width: body.width)
    for (offset, line) in visible.enumerated() {
      let row = body.row(offset)
      switch line {
      case .blank: break
      case .refusedHeading:
        frame.put(
          "Not written, because a gate refuses:", at: row.origin, style: Style(.dialog, on: nil, .bold),
          width: row.width)
      case .write(let index): columns.draw(dialog.writes[index], row, into: &frame)
      case .refused(let index):
        let step = dialog.refused[index]
        frame.put(
          "  \(columns.name(step.device, step.register))", at: row.origin, style: Style(.dialog),
          width: row.width)
      case .reason(let index, let number):
        let text = dialog.refused[index].refusals[number].explanation(clock: model.time.moment)
        frame.put(
          "    \(frame.glyphs.bullet.text) \(text)", at: row.origin, style: Style(.warning, on: .dialog),
          width: row.width)
      }
    }
  }

  private static func drawProgress(
    _ dialog: SyncDialog, _ model: Model, _ body: Rect, _ top: Int, into frame: inout Frame
  ) {
    guard let operation = dialog.operation else {
      frame.put("waiting…", at: body.origin, style: Style(.dim, on: .dialog))
      return
    }
    let single = Set(operation.lines.map(\.device)).count <= 1
    let visible = operation.lines.dropFirst(top).prefix(body.height)
    let names = visible.map {
      single ? $0.result?.name ?? $0.device.name : "\($0.device.name)  \($0.result?.name ?? "")"
    }
    let nameWidth = min(names.map { DisplayWidth.of($0) }.max() ?? 0, body.width / 2)
    for (offset, (line, name)) in zip(visible, names).enumerated() {
      let row = body.row(offset)
      let (role, word, detail) = outcome(line, model)
      frame.put(name, at: Point(row.x + 2, row.y), style: Style(.dialog), width: nameWidth)
      frame.put(frame.glyphs.state(role), at: row.origin, style: Style(role, on: .dialog))
      frame.put(
        [Span(word, Style(role, on: .dialog)), Span("  \(detail)", Style(.dialog))],
        at: Point(row.x + nameWidth + 4, row.y), width: max(row.width - nameWidth - 4, 0),
        fill: Style(.dialog))
    }
  }

  private static func outcome(_ line: Operation.Line, _ model: Model) -> (Role, String, String) {
    guard let result = line.result else { return (.correcting, "under way", "") }
    let spec = model.latest?.devices.first { $0.id == line.device }?.spec.registers.first {
      $0.name == result.name
    }
    let format = spec.map { ValueFormat($0) } ?? ValueFormat(decimals: 2)
    let arrow = " \(model.arrow) "
    let values = [result.before, result.after].compactMap { $0.map(format.text) }.joined(separator: arrow)
    switch result.outcome {
    case .corrected: return (.corrected, "corrected", "\(values), read back")
    case .alreadyInSync: return (.good, "in sync", values)
    case .refused(let reasons):
      return (
        .warning, "refused", reasons.map { $0.explanation(clock: model.time.moment) }.joined(separator: "; ")
      )
    case .failed(let reason): return (.alarm, "failed", reason)
    }
  }

  private static func drawFooter(_ dialog: SyncDialog, _ area: Rect, into frame: inout Frame) {
    let notice = area.row(1)
    let buttons = area.row(2)
    switch dialog.stage {
    case .planning, .submitting:
      DialogDrawing.buttons([("Cancel", true, false)], buttons, into: &frame)
    case .running, .refused:
      frame.put(
        "Esc closes; the outcome is in the events too", at: buttons.origin, style: Style(.dim, on: .dialog))
      DialogDrawing.buttons([("Close", true, false)], buttons, into: &frame)
    case .reviewing:
      guard !dialog.writes.isEmpty else {
        return DialogDrawing.buttons([("Close", true, false)], buttons, into: &frame)
      }
      drawNotice(dialog, notice, into: &frame)
      let force =
        dialog.forceWouldHelp ? (dialog.scope.force ? "   f: not forced" : "   f forces windows") : ""
      frame.put(
        "y confirms, n cancels\(force)", at: buttons.origin, style: Style(.dim, on: .dialog),
        width: max(buttons.width - 23, 0))
      let isOff = dialog.needsReview || !dialog.isTyped
      DialogDrawing.buttons(
        [("Cancel", !dialog.confirmHasFocus, false), ("Write", dialog.confirmHasFocus, isOff)], buttons,
        into: &frame)
    }
  }

  private static func drawNotice(_ dialog: SyncDialog, _ row: Rect, into frame: inout Frame) {
    if dialog.needsReview {
      frame.put(
        "\(frame.glyphs.state(.warning).text) The plan has changed: read it, then confirm twice.",
        at: row.origin,
        style: Style(.warning, on: .dialog, .bold), width: row.width)
    } else if dialog.needsTyping {
      let prompt = "Type \(dialog.deviceCount), the number of devices: "
      frame.put(prompt, at: row.origin, style: Style(.dialog))
      frame.field(
        TextField(dialog.typed), Rect(x: row.x + DisplayWidth.of(prompt), y: row.y, width: 8, height: 1),
        focused: true)
    }
  }

  /// Names and numbers of the visible lines, one below the other.
  private struct PlanColumns {
    private var single: Bool
    private var before = DecimalColumn()
    private var after = DecimalColumn()
    private var nameWidth = 10

    init(_ dialog: SyncDialog, _ lines: some Sequence<SyncDialog.Line>, width: Int) {
      single = dialog.scope.devices.count == 1
      for line in lines {
        guard case .write(let index) = line else { continue }
        let write = dialog.writes[index]
        let format = ValueFormat(write.register)
        before.include(write.before.map(format.text) ?? "?")
        after.include(format.text(write.after))
        nameWidth = max(nameWidth, DisplayWidth.of(name(write.device, write.register)))
      }
      nameWidth = min(nameWidth, max(width - before.width - after.width - 14, 10))
    }

    func name(_ device: DeviceID, _ register: RegisterSpec) -> String {
      single ? register.name : "\(device.name)  \(register.name)"
    }

    func draw(_ write: SyncDialog.Write, _ row: Rect, into frame: inout Frame) {
      let format = ValueFormat(write.register)
      let mark = write.isChanged ? frame.glyphs.state(.warning).text : " "
      frame.put(mark, at: row.origin, style: Style(.warning, on: .dialog))
      frame.put(
        name(write.device, write.register), at: Point(row.x + 2, row.y), style: Style(.dialog),
        width: nameWidth)
      var spans = [
        Span(before.place(write.before.map(format.text) ?? "?"), Style(.drifted, on: .dialog)),
        Span(" \(frame.glyphs.arrowRight.text) ", Style(.dim, on: .dialog)),
        Span(after.place(format.text(write.after)), Style(.desired, on: .dialog, .bold)),
        Span(" \(write.register.unit)", Style(.dim, on: .dialog)),
      ]
      if let desired = write.register.desired, desired != write.after {
        spans.append(Span("  first step to \(format.text(desired))", Style(.dim, on: .dialog)))
      }
      if write.isChanged { spans.append(Span("  changed", Style(.warning, on: .dialog))) }
      frame.put(
        spans, at: Point(row.x + nameWidth + 4, row.y), width: max(row.width - nameWidth - 4, 0),
        fill: Style(.dialog))
    }
  }
}

extension SyncDialog {
  /// Rows of the dialog besides its list: summary, blank, blank, notice, buttons.
  static let furniture = 5

  static func listHeight(_ size: Size) -> Int { max(size.height - furniture - 4, 1) }
}

extension SyncResult.Outcome {
  var isGood: Bool {
    switch self {
    case .alreadyInSync, .corrected: true
    case .refused, .failed: false
    }
  }

  var word: String {
    switch self {
    case .alreadyInSync: "in sync"
    case .corrected: "corrected"
    case .refused: "refused"
    case .failed: "failed"
    }
  }
}
