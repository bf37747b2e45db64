import Terminal

extension Frame {
  /// A pane: a box with its number and title, and on the right a remark. Without boxes: one title line.
  mutating func pane(
    _ pane: Pane, _ rect: Rect, title: String? = nil, note: String = "", focused: Bool, boxed: Bool = true
  ) -> Rect {
    let titleText = "\(pane.rawValue) \(title ?? pane.title)"
    let titleStyle = focused ? Style(.title, on: nil, .bold) : Style(.title)
    guard boxed else {
      let used = put(
        " \(titleText) ", at: rect.origin, style: Style(.tabActive),
        width: min(DisplayWidth.of(titleText) + 2, rect.width))
      let room = rect.width - used - 2
      put(
        note, at: Point(rect.x + used + 1, rect.y), style: Style(.dim), width: max(room, 0), align: .trailing)
      return rect.cutTop(1).rest
    }
    let inside = box(
      rect, style: Style(focused ? .borderFocused : .border), title: titleText,
      titleStyle: focused ? Style(.tabActive) : titleStyle)
    let noteWidth = DisplayWidth.of(note)
    let room = rect.width - DisplayWidth.of(titleText) - 10
    if noteWidth > 0, room >= 6 {
      let shown = min(noteWidth, room)
      put(" ", at: Point(rect.maxX - shown - 4, rect.y), style: Style(.dim))
      put(note, at: Point(rect.maxX - shown - 3, rect.y), style: Style(.dim), width: shown)
      put(" ", at: Point(rect.maxX - 3, rect.y), style: Style(.dim))
    }
    return inside
  }

  /// A bar at the right edge of a list that is longer than its window.
  mutating func scrollBar(_ rect: Rect, top: Int, count: Int) {
    guard count > rect.height, rect.height > 1 else { return }
    let thumb = max(rect.height * rect.height / count, 1)
    let travel = rect.height - thumb
    let start = min(travel * top / max(count - rect.height, 1), travel)
    for row in 0..<rect.height {
      let isThumb = row >= start && row < start + thumb
      put(
        isThumb ? glyphs.scrollThumb : glyphs.scrollTrack, at: Point(rect.maxX, rect.y + row),
        style: Style(isThumb ? .dim : .border))
    }
  }

  /// The row under the cursor: a bar and another ground, so that it is seen without colour.
  mutating func select(_ row: Rect, focused: Bool) {
    restyle(row) { $0.on(focused ? .selection : .selectionUnfocused) }
    put(
      glyphs.cursorBar, at: row.origin, style: Style(.cursor, on: focused ? .selection : .selectionUnfocused))
  }

  /// Text broken at spaces; returns the lines used.
  @discardableResult
  mutating func paragraph(_ text: String, _ rect: Rect, style: Style) -> Int {
    let lines = TextFit.wrap(text, to: rect.width)
    for (index, line) in lines.enumerated() where index < rect.height {
      put(line, at: Point(rect.x, rect.y + index), style: style)
    }
    return min(lines.count, rect.height)
  }
}

extension Unicode.Scalar {
  var text: String { String(Character(self)) }
}
