extension Sparkline {
  /// The value range that a drawing of the newest `count` samples spans; never empty.
  public func span(of count: Int) -> ClosedRange<Double> {
    if let range, range.lowerBound.isFinite, range.upperBound.isFinite, range.lowerBound < range.upperBound {
      return range
    }
    var low = Double.infinity
    var high = -Double.infinity
    func include(_ value: Double) {
      guard value.isFinite else { return }
      low = min(low, value)
      high = max(high, value)
    }
    for case let value? in samples.suffix(max(count, 0)) { include(value) }
    if let target {
      include(target - max(tolerance, 0))
      include(target + max(tolerance, 0))
    }
    guard low.isFinite, high.isFinite else { return 0...1 }
    guard low < high else {
      let margin = max(low.magnitude.isFinite ? low.magnitude * 0.01 : 1, 1e-9)
      return low - margin < low + margin ? low - margin...low + margin : 0...1
    }
    return low...high
  }

  /// Level 0...`levels - 1` of a value in a range, clamped; `nil` for what is no number.
  static func level(_ value: Double?, in range: ClosedRange<Double>, levels: Int) -> Int? {
    guard let value, value.isFinite, levels > 0 else { return nil }
    // Halved, so that the span of the widest range is still finite.
    let half = range.upperBound / 2 - range.lowerBound / 2
    guard half > 0 else { return 0 }
    let share = (value / 2 - range.lowerBound / 2) / half
    return Int((min(max(share, 0), 1) * Double(levels - 1)).rounded())
  }

  /// The level of each sample, 0...`count - 1` from the bottom of the range; `nil` for a gap.
  public func levels(_ count: Int) -> [Int?] {
    let range = span(of: samples.count)
    return samples.map { Self.level($0, in: range, levels: count) }
  }

  /// How many samples a width of `columns` shows.
  public static func capacity(columns: Int, mark: Mark) -> Int {
    mark == .braille ? max(columns, 0) * 2 : max(columns, 0)
  }

  /// One line of block or ASCII glyphs, `width` columns, for a table cell; gaps are spaces.
  public func line(width: Int, glyphs: GlyphSet) -> String {
    guard width > 0 else { return "" }
    let ramp: [Unicode.Scalar] =
      switch glyphs {
      case .unicode: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
      case .console: ["_", "▄", "█"]
      case .ascii: ["_", ".", "-", "=", "^"]
      }
    let shown = samples.suffix(width)
    let range = span(of: width)
    var result = String.UnicodeScalarView(repeating: " ", count: width - shown.count)
    for sample in shown {
      result.append(Self.level(sample, in: range, levels: ramp.count).map { ramp[$0] } ?? " ")
    }
    return String(result)
  }

  /// Draws the graph over `rect`: first the tolerance band and the target line, then the samples.
  /// - Parameter outside: whether a sample is to be drawn in the ``Role/drifted`` style.
  public func draw(
    into frame: inout Frame, _ rect: Rect, mark: Mark? = nil, on surface: Role? = nil,
    outside: (Double) -> Bool = { _ in false }
  ) {
    guard !rect.isEmpty else { return }
    let mark = mark ?? frame.glyphs.sparkMark
    let count = Self.capacity(columns: rect.width, mark: mark)
    let range = span(of: count)
    drawGround(into: &frame, rect, range: range, mark: mark, on: surface)
    let shown = Array(samples.suffix(count))
    switch mark {
    case .braille: drawBraille(shown, into: &frame, rect, range: range, on: surface, outside: outside)
    case .block: drawBlocks(shown, into: &frame, rect, range: range, on: surface, outside: outside)
    case .ascii: drawPoints(shown, into: &frame, rect, range: range, on: surface, outside: outside)
    }
  }

  /// The row, from the top of a drawing `height` rows high, in which a sample of this value is drawn.
  public static func row(
    of value: Double, in range: ClosedRange<Double>, height: Int, mark: Mark, glyphs: GlyphSet
  ) -> Int {
    let perRow = levels(of: mark, glyphs)
    return height - 1 - (level(value, in: range, levels: height * perRow) ?? 0) / perRow
  }

  /// Levels that one row of cells can show.
  private static func levels(of mark: Mark, _ glyphs: GlyphSet) -> Int {
    switch mark {
    case .braille: 4
    case .block: glyphs == .unicode ? 8 : 2
    case .ascii: 3
    }
  }

  private func drawGround(
    into frame: inout Frame, _ rect: Rect, range: ClosedRange<Double>, mark: Mark, on surface: Role?
  ) {
    guard let target, target.isFinite else { return }
    // By the samples' own levels: a sample on the target must be drawn on the target's row.
    func row(_ value: Double) -> Int {
      rect.y + Self.row(of: value, in: range, height: rect.height, mark: mark, glyphs: frame.glyphs)
    }
    if tolerance > 0 && rect.height > 2 {
      let top = row(target + tolerance)
      let bottom = row(target - tolerance)
      let band = Rect(x: rect.x, y: top, width: rect.width, height: bottom - top + 1)
      frame.fill(band, frame.glyphs.bullet, style: Style(.sparkBand, on: surface))
    }
    let line = Rect(x: rect.x, y: row(target), width: rect.width, height: 1)
    frame.fill(line, frame.glyphs == .ascii ? "-" : "─", style: Style(.sparkTarget, on: surface))
  }

  private func style(_ bad: Bool, _ surface: Role?) -> Style {
    Style(bad ? .drifted : .sparkline, on: surface)
  }

  // Dots joined vertically, so that a steep change is a line and not two specks.
  private func drawBraille(
    _ shown: [Double?], into frame: inout Frame, _ rect: Rect, range: ClosedRange<Double>, on surface: Role?,
    outside: (Double) -> Bool
  ) {
    let levels = rect.height * 4
    var canvas = BrailleCanvas(columns: rect.width, rows: rect.height)
    var bad = Array(repeating: false, count: rect.width)
    let start = rect.width * 2 - shown.count
    var previous: Int?
    for (offset, sample) in shown.enumerated() {
      let x = start + offset
      guard let level = Self.level(sample, in: range, levels: levels) else {
        previous = nil
        continue
      }
      let from = previous ?? level
      for y in min(from, level)...max(from, level) where previous == nil || y != from || from == level {
        canvas.set(x: x, y: levels - 1 - y)
      }
      if let sample, outside(sample) { bad[x / 2] = true }
      previous = level
    }
    for row in 0..<rect.height {
      for column in 0..<rect.width {
        guard let glyph = canvas.glyph(column: column, row: row) else { continue }
        frame.put(glyph, at: Point(rect.x + column, rect.y + row), style: style(bad[column], surface))
      }
    }
  }

  private func drawBlocks(
    _ shown: [Double?], into frame: inout Frame, _ rect: Rect, range: ClosedRange<Double>, on surface: Role?,
    outside: (Double) -> Bool
  ) {
    let fine = frame.glyphs == .unicode
    let perRow = fine ? 8 : 2
    for (offset, sample) in shown.enumerated() {
      guard let sample, let level = Self.level(sample, in: range, levels: rect.height * perRow) else {
        continue
      }
      let x = rect.maxX - shown.count + offset
      let ink = style(outside(sample), surface)
      for row in 0..<rect.height {
        let filled = min(level + 1 - row * perRow, perRow)
        guard filled > 0 else { break }
        let scalar: Unicode.Scalar =
          fine ? Unicode.Scalar(UInt32(0x2580 + filled)) ?? "█" : (filled == perRow ? "█" : "▄")
        frame.put(scalar, at: Point(x, rect.maxY - 1 - row), style: ink)
      }
    }
  }

  private func drawPoints(
    _ shown: [Double?], into frame: inout Frame, _ rect: Rect, range: ClosedRange<Double>, on surface: Role?,
    outside: (Double) -> Bool
  ) {
    // Three heights within a row.
    let shapes: [Unicode.Scalar] = frame.glyphs == .ascii ? ["_", "*", "'"] : ["▄", "■", "▀"]
    for (offset, sample) in shown.enumerated() {
      guard let sample, let level = Self.level(sample, in: range, levels: rect.height * 3) else { continue }
      let at = Point(rect.maxX - shown.count + offset, rect.maxY - 1 - level / 3)
      frame.put(shapes[level % 3], at: at, style: style(outside(sample), surface))
    }
  }
}

/// A grid of braille dots, two across and four down in each cell.
public struct BrailleCanvas: Hashable, Sendable {
  public let columns: Int
  public let rows: Int
  private var dots: [UInt8]

  public init(columns: Int, rows: Int) {
    let size = Size(columns, rows)
    self.columns = size.width
    self.rows = size.height
    dots = Array(repeating: 0, count: size.area)
  }

  /// Sets a dot: `x` from the left, `y` from the top; outside the canvas does nothing.
  public mutating func set(x: Int, y: Int) {
    guard x >= 0, y >= 0, x < columns * 2, y < rows * 4 else { return }
    // Dots 1-3 and 7 are the left column, 4-6 and 8 the right one (Unicode chapter 21.1).
    let bit: UInt8 = y % 4 == 3 ? (x % 2 == 0 ? 0x40 : 0x80) : 1 << UInt8(y % 4 + (x % 2 == 0 ? 0 : 3))
    dots[y / 4 * columns + x / 2] |= bit
  }

  /// The pattern of a cell; `nil` when it has no dot or does not exist.
  public func glyph(column: Int, row: Int) -> Unicode.Scalar? {
    guard column >= 0, row >= 0, column < columns, row < rows else { return nil }
    let pattern = dots[row * columns + column]
    return pattern == 0 ? nil : Unicode.Scalar(0x2800 + UInt32(pattern))
  }
}
