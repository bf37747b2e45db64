import Terminal

extension Frame {
  /// A pane: a box with its number and title, and on the right a remark. Where not all panes are on the
  /// screen, the titles of the others stand beside it as tabs; without boxes they are all there is.
  mutating func pane(_ pane: Pane, _ rect: Rect, note: String = "", _ model: Model, _ layout: Layout) -> Rect
  {
    let focused = model.focus == pane
    if layout.shape == .compact {
      let used = tabs(Pane.allCases, active: pane, at: Point(rect.x, rect.y)) {
        "\($0.rawValue) \($0.tinyTitle)"
      }
      let room = max(rect.width - used - 2, 0)
      put(note, at: Point(rect.x + used + 1, rect.y), style: Style(.dim), width: room, align: .trailing)
      return rect.cutTop(1).rest
    }
    let inside = box(rect, style: Style(focused ? .borderFocused : .border))
    let others: [Pane] =
      layout.shape == .stacked && !model.isZoomed && pane != .fleet
      ? Pane.allCases.filter { $0 != .fleet } : [pane]
    let used = tabs(others, active: focused ? pane : nil, at: Point(rect.x + 2, rect.y)) { tab in
      "\(tab.rawValue) \(others.count > 1 ? tab.shortTitle : tab.title)"
    }
    if others.count > 1, !focused {
      // Shown without the focus: told from the other tabs by its weight.
      restyle(tabRect(others, pane, at: Point(rect.x + 2, rect.y))) { _ in Style(.title) }
    }
    let room = rect.width - used - 7
    let noteWidth = min(DisplayWidth.of(note), room)
    if noteWidth > 0, noteWidth >= min(DisplayWidth.of(note), 4) {
      put(" ", at: Point(rect.maxX - noteWidth - 4, rect.y), style: Style(.dim))
      put(note, at: Point(rect.maxX - noteWidth - 3, rect.y), style: Style(.dim), width: noteWidth)
      put(" ", at: Point(rect.maxX - 3, rect.y), style: Style(.dim))
    }
    return inside
  }

  /// Draws tabs one after another; returns the columns used.
  private mutating func tabs(_ tabs: [Pane], active: Pane?, at point: Point, _ text: (Pane) -> String) -> Int
  {
    var x = point.x
    for tab in tabs {
      let style = tab == active ? Style(.tabActive) : Style(tabs.count > 1 ? .tab : .title)
      x += put(" \(text(tab)) ", at: Point(x, point.y), style: style)
    }
    return x - point.x
  }

  private func tabRect(_ tabs: [Pane], _ pane: Pane, at point: Point) -> Rect {
    var x = point.x
    for tab in tabs {
      let width = DisplayWidth.of("\(tab.rawValue) \(tab.shortTitle)") + 2
      if tab == pane { return Rect(x: x, y: point.y, width: width, height: 1) }
      x += width
    }
    return Rect(x: x, y: point.y, width: 0, height: 1)
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
    if focused { focusRow = row.y }
    put(
      glyphs.cursorBar, at: row.origin, style: Style(.cursor, on: focused ? .selection : .selectionUnfocused))
  }

  /// Text broken at spaces; returns the lines used.
  @discardableResult
  mutating func paragraph(_ text: String, _ rect: Rect, style: Style) -> Int {
    let lines = DisplayWidth.of(text) <= rect.width ? [text] : TextFit.wrap(text, to: rect.width)
    for (index, line) in lines.enumerated() where index < rect.height {
      put(line, at: Point(rect.x, rect.y + index), style: style)
    }
    return min(lines.count, rect.height)
  }
}

extension Unicode.Scalar {
  var text: String { String(Character(self)) }
}
