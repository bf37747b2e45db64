/// A screen: a grid of styled cells.
///
/// All drawing is clipped: nothing outside ``clip`` (at most the whole frame) is ever touched, so
/// coordinates may be anything. Drawing keeps wide characters whole: overwriting one half blanks
/// the other. A frame is a value; keep one and ``reset(size:style:)`` it to draw without allocating.
public struct Frame: Hashable, Sendable {
  public private(set) var size: Size
  /// Row by row, `size.area` cells.
  public private(set) var cells: [Cell]
  /// The characters that this frame draws pictures with.
  public var glyphs: GlyphSet
  /// Where to show the terminal's cursor; hidden when `nil`.
  public var cursor: Point?
  /// The row of a list that keys move: on a slow line it is shown before the rest.
  public var focusRow: Int?
  /// The rectangle that drawing is confined to.
  public private(set) var clip: Rect

  public init(size: Size, glyphs: GlyphSet = .unicode, style: Style = .text) {
    self.size = size
    self.glyphs = glyphs
    clip = Rect(size)
    cells = Array(repeating: Cell(" ", style: style), count: size.area)
  }

  /// Blanks the frame, in a new size if need be; keeps its storage.
  public mutating func reset(size newSize: Size? = nil, style: Style = .text) {
    let blank = Cell(" ", style: style)
    cursor = nil
    focusRow = nil
    let target = newSize ?? size
    if target != size {
      size = target
      cells = Array(repeating: blank, count: target.area)
    } else {
      for index in cells.indices { cells[index] = blank }
    }
    clip = Rect(size)
  }

  public var bounds: Rect { Rect(size) }

  /// The cell at a point, or `nil` outside the frame.
  public subscript(_ point: Point) -> Cell? {
    bounds.contains(point) ? cells[point.y * size.width + point.x] : nil
  }

  /// Draws with the clip narrowed to `rect`.
  @discardableResult
  public mutating func clipped<Result>(to rect: Rect, _ body: (inout Frame) -> Result) -> Result {
    let outer = clip
    clip = outer.intersection(rect)
    defer { clip = outer }
    return body(&self)
  }

  /// Sets one cell. A wide cell that does not fit, or lies half outside the clip, becomes a blank.
  public mutating func set(_ cell: Cell, at point: Point) {
    guard clip.contains(point), !cell.isContinuation else { return }
    let index = point.y * size.width + point.x
    mend(index, x: point.x)
    guard cell.width == 2 else {
      cells[index] = cell
      return
    }
    guard point.x + 1 < clip.maxX else {
      cells[index] = Cell(" ", style: cell.style)
      return
    }
    mend(index + 1, x: point.x + 1)
    cells[index] = cell
    cells[index + 1] = .continuation(cell.style)
  }

  /// Adds a combining mark to the character at `point`.
  mutating func attach(_ mark: Unicode.Scalar, at point: Point) {
    guard clip.contains(point) else { return }
    let index = point.y * size.width + point.x
    guard !cells[index].isContinuation else { return }
    cells[index].attach(mark)
  }

  /// Replaces the style of cells, leaving what they show.
  public mutating func restyle(_ rect: Rect, _ change: (Style) -> Style) {
    let area = clip.intersection(rect)
    for y in area.y..<max(area.maxY, area.y) {
      for x in area.x..<max(area.maxX, area.x) {
        let index = y * size.width + x
        cells[index].style = change(cells[index].style)
      }
    }
  }

  /// Whole rows of another frame of the same size; no wide character lies across two rows.
  mutating func replaceCells(_ range: Range<Int>, with rows: ArraySlice<Cell>) {
    cells.replaceSubrange(range, with: rows)
  }

  // Before the cell at `index` is overwritten: blanks the other half of a wide character.
  private mutating func mend(_ index: Int, x: Int) {
    let old = cells[index]
    if old.isContinuation && x > 0 {
      cells[index - 1] = Cell(trusted: " ", width: 1, style: cells[index - 1].style)
    } else if old.width == 2 && x + 1 < size.width {
      cells[index + 1] = Cell(trusted: " ", width: 1, style: old.style)
    }
  }
}
