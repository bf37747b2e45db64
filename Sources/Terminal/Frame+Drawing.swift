/// Where a text stands in the width it is given.
public enum Alignment: Hashable, Sendable {
  case leading, center, trailing
}

/// A piece of text in one style.
public struct Span: Hashable, Sendable {
  public var text: String
  public var style: Style

  public init(_ text: String, _ style: Style) {
    self.text = text
    self.style = style
  }
}

extension Frame {
  /// Draws one line of text from `point` to the right.
  ///
  /// With a `width` the text takes exactly that many columns: cut with the glyph set's ellipsis if
  /// longer, padded with blanks in `style` if shorter. Without, it runs to the edge of the clip.
  /// Unsafe characters are replaced (``DisplayWidth/safe(_:)``).
  /// - Returns: the columns the text takes, whether or not they were inside the clip.
  @discardableResult
  public mutating func put(
    _ text: String, at point: Point, style: Style, width: Int? = nil, align: Alignment = .leading
  ) -> Int {
    guard let width else { return draw(text, at: point, style: style, limit: Int.max / 4) }
    guard width > 0 else { return 0 }
    let natural = DisplayWidth.of(text)
    if natural > width {
      var used = draw(text, at: point, style: style, limit: width - 1)
      blank(from: point.x + used, to: point.x + width - 1, y: point.y, style: style)
      used = width - 1
      set(Cell(glyphs.ellipsis, style: style), at: Point(point.x + used, point.y))
      return width
    }
    let lead =
      switch align {
      case .leading: 0
      case .center: (width - natural) / 2
      case .trailing: width - natural
      }
    blank(from: point.x, to: point.x + lead, y: point.y, style: style)
    draw(text, at: Point(point.x + lead, point.y), style: style, limit: natural)
    blank(from: point.x + lead + natural, to: point.x + width, y: point.y, style: style)
    return width
  }

  /// Draws spans one after another; with a `width`, the last that fits is cut with the ellipsis and
  /// the rest of the width is filled with blanks in `fill`.
  /// - Returns: the columns used.
  @discardableResult
  public mutating func put(_ spans: [Span], at point: Point, width: Int? = nil, fill: Style = .text) -> Int {
    let limit = width ?? Int.max / 4
    var used = 0
    for span in spans {
      let natural = DisplayWidth.of(span.text)
      if used + natural > limit {
        put(span.text, at: Point(point.x + used, point.y), style: span.style, width: limit - used)
        return limit
      }
      draw(span.text, at: Point(point.x + used, point.y), style: span.style, limit: natural)
      used += natural
    }
    if let width { blank(from: point.x + used, to: point.x + width, y: point.y, style: fill) }
    return width ?? used
  }

  /// Draws one scalar.
  public mutating func put(_ scalar: Unicode.Scalar, at point: Point, style: Style) {
    set(Cell(scalar, style: style), at: point)
  }

  /// Fills a rectangle with one character.
  public mutating func fill(_ rect: Rect, _ scalar: Unicode.Scalar = " ", style: Style) {
    let area = clip.intersection(rect)
    guard !area.isEmpty else { return }
    let cell = Cell(scalar, style: style)
    let step = max(Int(cell.width), 1)
    for y in area.y..<area.maxY {
      var x = area.x
      while x < area.maxX {
        set(cell, at: Point(x, y))
        x += step
      }
    }
  }

  /// A horizontal line.
  public mutating func horizontalLine(at point: Point, length: Int, style: Style) {
    fill(Rect(x: point.x, y: point.y, width: length, height: 1), glyphs.horizontal, style: style)
  }

  /// A vertical line.
  public mutating func verticalLine(at point: Point, length: Int, style: Style) {
    fill(Rect(x: point.x, y: point.y, width: 1, height: length), glyphs.vertical, style: style)
  }

  /// A border around the inside edge of `rect`, with an optional title in its top line.
  /// - Returns: the rectangle inside the border.
  @discardableResult
  public mutating func box(
    _ rect: Rect, style: Style = Style(.border), title: String = "", titleStyle: Style = Style(.title),
    focused: Bool = false
  ) -> Rect {
    guard rect.width >= 2, rect.height >= 2 else { return rect.inner }
    let b = focused ? glyphs.focusedBorder : glyphs.border
    let (right, bottom) = (rect.maxX - 1, rect.maxY - 1)
    fill(Rect(x: rect.x, y: rect.y, width: rect.width, height: 1), b.horizontal, style: style)
    fill(Rect(x: rect.x, y: bottom, width: rect.width, height: 1), b.horizontal, style: style)
    fill(Rect(x: rect.x, y: rect.y, width: 1, height: rect.height), b.vertical, style: style)
    fill(Rect(x: right, y: rect.y, width: 1, height: rect.height), b.vertical, style: style)
    put(b.topLeft, at: rect.origin, style: style)
    put(b.topRight, at: Point(right, rect.y), style: style)
    put(b.bottomLeft, at: Point(rect.x, bottom), style: style)
    put(b.bottomRight, at: Point(right, bottom), style: style)
    if !title.isEmpty && rect.width > 6 {
      let shown = min(DisplayWidth.of(title), rect.width - 6)
      put(" ", at: Point(rect.x + 2, rect.y), style: titleStyle)
      put(title, at: Point(rect.x + 3, rect.y), style: titleStyle, width: shown)
      put(" ", at: Point(rect.x + 3 + shown, rect.y), style: titleStyle)
    }
    return rect.inner
  }

  @discardableResult
  private mutating func draw(_ text: String, at point: Point, style: Style, limit: Int) -> Int {
    var x = 0
    var last = Point(point.x, point.y)
    let inRow = point.y >= clip.y && point.y < clip.maxY
    DisplayWidth.forEachCell(in: text) { scalar, width, isMark in
      if isMark {
        if inRow { attach(scalar, at: last) }
        return true
      }
      guard x + width <= limit else { return false }
      last = Point(point.x + x, point.y)
      if inRow && last.x < clip.maxX {
        if last.x >= clip.x {
          set(Cell(trusted: scalar, width: width, style: style), at: last)
        } else if width == 2 && last.x + 1 == clip.x {
          set(Cell(trusted: " ", width: 1, style: style), at: Point(clip.x, point.y))
        }
      }
      x += width
      return true
    }
    return x
  }

  private mutating func blank(from start: Int, to end: Int, y: Int, style: Style) {
    guard end > start else { return }
    fill(Rect(x: start, y: y, width: end - start, height: 1), style: style)
  }
}
