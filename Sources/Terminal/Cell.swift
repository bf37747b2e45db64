/// One cell of a ``Frame``: a base character with at most two combining marks, and a style.
///
/// A wide character occupies two cells; the right one is a ``isContinuation`` cell of the same
/// style. Sixteen bytes, no references: frames are compared and copied as plain memory.
public struct Cell: Hashable, Sendable {
  // 21 bits base, 21 bits first mark, 21 bits second mark. Zero is a continuation.
  var glyph: UInt64
  public var style: Style
  /// Columns: 1 or 2; 0 for the right half of a wide character.
  public private(set) var width: UInt8

  public static let blank = Cell(" ", style: .text)

  /// A cell of one scalar. What must not reach a terminal is replaced (``DisplayWidth/safe(_:)``).
  public init(_ scalar: Unicode.Scalar, style: Style) {
    let safe = DisplayWidth.safe(scalar)
    let columns = DisplayWidth.of(safe)
    self.init(trusted: columns == 0 ? "\u{FFFD}" : safe, width: max(columns, 1), style: style)
  }

  init(trusted scalar: Unicode.Scalar, width: Int, style: Style) {
    glyph = UInt64(scalar.value)
    self.width = UInt8(truncatingIfNeeded: width)
    self.style = style
  }

  private init(continuationOf style: Style) {
    glyph = 0
    width = 0
    self.style = style
  }

  /// The right half of a wide character.
  public static func continuation(_ style: Style) -> Cell { Cell(continuationOf: style) }

  public var isContinuation: Bool { width == 0 }

  /// The base character; a space in a continuation cell.
  public var base: Unicode.Scalar { Cell.scalar(glyph) ?? " " }

  /// The base and its combining marks, in order; empty in a continuation cell.
  public var scalars: [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    forEachScalar { result.append($0) }
    return result
  }

  /// Calls `body` with the base and its marks, without allocating.
  @inlinable
  public func forEachScalar(_ body: (Unicode.Scalar) -> Void) {
    var rest = packedScalars
    while rest != 0 {
      if let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: rest & 0x1F_FFFF)) { body(scalar) }
      rest >>= 21
    }
  }

  /// Base in the low 21 bits, then each mark in the next 21; 0 in a continuation cell.
  public var packedScalars: UInt64 { glyph }

  /// Adds a combining mark; a third one is dropped.
  mutating func attach(_ mark: Unicode.Scalar) {
    if glyph >> 21 == 0 {
      glyph |= UInt64(mark.value) << 21
    } else if glyph >> 42 == 0 {
      glyph |= UInt64(mark.value) << 42
    }
  }

  private static func scalar(_ bits: UInt64) -> Unicode.Scalar? {
    bits == 0 ? nil : Unicode.Scalar(UInt32(truncatingIfNeeded: bits & 0x1F_FFFF))
  }
}
