import Control
import Fleet
import Terminal

/// The last line: keys that matter here, a message, or what is being typed.
enum HintsBar {
  static func draw(_ model: Model, _ row: Rect, into frame: inout Frame) {
    frame.fill(row, style: Style(.keyHint))
    if let entry = model.filterField { return drawFilter(entry, model, row, into: &frame) }
    if let toast = model.toast { return drawToast(toast, row, into: &frame) }
    drawHints(model, row, into: &frame)
  }

  private static func drawToast(_ toast: Toast, _ row: Rect, into frame: inout Frame) {
    let role: Role =
      switch toast.severity {
      case .info, .notice: .info
      case .warning: .warning
      case .alarm: .alarm
      }
    frame.put(
      " \(frame.glyphs.state(role).text) \(toast.text)", at: row.origin, style: Style(role), width: row.width)
  }

  private static func drawFilter(_ entry: FilterEntry, _ model: Model, _ row: Rect, into frame: inout Frame) {
    let shown = entry.target == .fleet ? model.index.order.count : model.shownEvents.count
    let note = "\(ValueFormat.grouped(shown)) shown  Enter keeps  Esc cancels "
    let noteWidth = row.width >= 70 ? DisplayWidth.of(note) : 0
    frame.put(" /", at: row.origin, style: Style(.keyHintKey))
    let field = Rect(x: row.x + 2, y: row.y, width: max(row.width - 3 - noteWidth, 1), height: 1)
    frame.field(entry.field, field, focused: true)
    if noteWidth > 0 { frame.put(note, at: Point(row.maxX - noteWidth, row.y), style: Style(.dim)) }
  }

  private static func drawHints(_ model: Model, _ row: Rect, into frame: inout Frame) {
    let contexts = model.contexts
    let hints = model.settings.keys.bindings(in: contexts).filter { !$0.hint.isEmpty }.sorted {
      $0.rank < $1.rank
    }
    let takesText = contexts.first?.takesText ?? false
    var x = row.x + 1
    for binding in hints {
      // Where characters are text, keys that are characters do nothing else.
      guard let key = binding.keys.first(where: { !takesText || !$0.isCharacter })?.label else { continue }
      let width = DisplayWidth.of(key) + 1 + DisplayWidth.of(binding.hint)
      guard x + width <= row.maxX - 1 else { continue }
      let isOff = model.refusal(of: binding.action) != nil
      frame.put(key, at: Point(x, row.y), style: Style(isOff ? .keyDisabled : .keyHintKey))
      frame.put(
        binding.hint, at: Point(x + DisplayWidth.of(key) + 1, row.y),
        style: Style(isOff ? .keyDisabled : .keyHint))
      x += width + 2
    }
  }
}

extension Frame {
  /// A line being typed, scrolled so that its cursor is visible.
  mutating func field(_ field: TextField, _ rect: Rect, focused: Bool) {
    fill(rect, style: Style(.input))
    let before = String(field.characters[..<field.cursor])
    var start = 0
    while DisplayWidth.of(String(field.characters[start..<field.cursor])) >= max(rect.width, 1),
      start < field.cursor
    {
      start += 1
    }
    let visible = String(field.characters[start...])
    clipped(to: rect) { frame in _ = frame.put(visible, at: rect.origin, style: Style(.input)) }
    guard focused else { return }
    let skipped = DisplayWidth.of(String(field.characters[..<start]))
    let at = Point(rect.x + DisplayWidth.of(before) - skipped, rect.y)
    cursor = at
    restyle(Rect(x: at.x, y: at.y, width: 1, height: 1)) { _ in Style(.inputCursor) }
  }
}
