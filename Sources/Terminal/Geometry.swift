/// A cell position: `x` columns from the left, `y` rows from the top, both from 0.
public struct Point: Hashable, Sendable {
  public var x: Int
  public var y: Int

  public init(_ x: Int, _ y: Int) {
    self.x = x
    self.y = y
  }
}

/// A size in cells. Never negative, and at most ``Size/limit`` either way, so that no product of
/// two sides can overflow whatever a terminal claims about itself.
public struct Size: Hashable, Sendable {
  public static let limit = 4096

  public let width: Int
  public let height: Int

  public init(_ width: Int, _ height: Int) {
    self.width = min(max(width, 0), Size.limit)
    self.height = min(max(height, 0), Size.limit)
  }

  /// Number of cells.
  public var area: Int { width * height }
}

/// A rectangle of cells. Its width and height are never negative.
public struct Rect: Hashable, Sendable {
  public let x: Int
  public let y: Int
  public let width: Int
  public let height: Int

  public init(x: Int, y: Int, width: Int, height: Int) {
    self.x = x
    self.y = y
    self.width = max(width, 0)
    self.height = max(height, 0)
  }

  public init(_ size: Size) {
    self.init(x: 0, y: 0, width: size.width, height: size.height)
  }

  public var origin: Point { Point(x, y) }
  public var size: Size { Size(width, height) }
  /// The first column to the right of the rectangle.
  public var maxX: Int { x + width }
  /// The first row below the rectangle.
  public var maxY: Int { y + height }
  public var isEmpty: Bool { width == 0 || height == 0 }

  public func contains(_ point: Point) -> Bool {
    point.x >= x && point.x < maxX && point.y >= y && point.y < maxY
  }

  /// The part common to both; empty, at a clamped origin, when they do not touch.
  public func intersection(_ other: Rect) -> Rect {
    let left = max(x, other.x)
    let top = max(y, other.y)
    return Rect(
      x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }
}

extension Rect {
  /// The rectangle without a margin on each side; empty when the margins eat it.
  public func inset(dx: Int, dy: Int) -> Rect {
    Rect(x: x + dx, y: y + dy, width: width - 2 * dx, height: height - 2 * dy)
  }

  /// The inside of a one-cell border.
  public var inner: Rect { inset(dx: 1, dy: 1) }

  /// The row `index` of the rectangle (from 0), empty when it has no such row.
  public func row(_ index: Int) -> Rect {
    Rect(x: x, y: y + index, width: index >= 0 && index < height ? width : 0, height: 1)
  }

  /// Cuts `rows` off the top: the piece, and what is left.
  public func cutTop(_ rows: Int) -> (piece: Rect, rest: Rect) {
    let cut = min(max(rows, 0), height)
    return (
      Rect(x: x, y: y, width: width, height: cut),
      Rect(x: x, y: y + cut, width: width, height: height - cut)
    )
  }

  /// Cuts `rows` off the bottom: the piece, and what is left.
  public func cutBottom(_ rows: Int) -> (piece: Rect, rest: Rect) {
    let cut = min(max(rows, 0), height)
    return (
      Rect(x: x, y: maxY - cut, width: width, height: cut),
      Rect(x: x, y: y, width: width, height: height - cut)
    )
  }

  /// Cuts `columns` off the left: the piece, and what is left.
  public func cutLeft(_ columns: Int) -> (piece: Rect, rest: Rect) {
    let cut = min(max(columns, 0), width)
    return (
      Rect(x: x, y: y, width: cut, height: height),
      Rect(x: x + cut, y: y, width: width - cut, height: height)
    )
  }

  /// Cuts `columns` off the right: the piece, and what is left.
  public func cutRight(_ columns: Int) -> (piece: Rect, rest: Rect) {
    let cut = min(max(columns, 0), width)
    return (
      Rect(x: maxX - cut, y: y, width: cut, height: height),
      Rect(x: x, y: y, width: width - cut, height: height)
    )
  }

  /// Rows shared out from top to bottom in proportion to `weights`; the pieces tile the rectangle
  /// exactly. Weights below 0 count as 0; if all are 0 the first piece gets everything.
  public func rows(weights: [Int]) -> [Rect] {
    var top = y
    return Rect.shares(of: height, weights: weights).map { share in
      defer { top += share }
      return Rect(x: x, y: top, width: width, height: share)
    }
  }

  /// Columns shared out from left to right in proportion to `weights`, as ``rows(weights:)``.
  public func columns(weights: [Int]) -> [Rect] {
    var left = x
    return Rect.shares(of: width, weights: weights).map { share in
      defer { left += share }
      return Rect(x: left, y: y, width: share, height: height)
    }
  }

  /// A rectangle of `size` (cut to fit) in the middle of this one.
  public func centered(_ size: Size) -> Rect {
    let w = min(size.width, width)
    let h = min(size.height, height)
    return Rect(x: x + (width - w) / 2, y: y + (height - h) / 2, width: w, height: h)
  }

  private static func shares(of total: Int, weights: [Int]) -> [Int] {
    let clean = weights.map { min(max($0, 0), 1 << 20) }
    let sum = clean.reduce(0, +)
    guard sum > 0 else { return clean.indices.map { $0 == 0 ? total : 0 } }
    var before = 0
    var used = 0
    return clean.map { weight in
      before += weight
      let end = total * before / sum
      defer { used = end }
      return end - used
    }
  }
}
