/// How many columns text takes on a terminal, and which scalars may reach one.
///
/// Every string from outside (names, commit subjects, device identities, error texts) passes
/// through here before it becomes cells, so no escape sequence, control character or bidirectional
/// override can ever be sent to a terminal.
public enum DisplayWidth {
  /// Columns of a scalar that is safe to show: 0 (combining), 1 or 2.
  public static func of(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 || isDrawing(value) { return 1 }
    if isZeroWidth(scalar) { return 0 }
    return isWide(value) ? 2 : 1
  }

  /// Columns of a text as ``Frame/put(_:at:style:width:align:)`` would show it.
  public static func of(_ text: some StringProtocol) -> Int {
    var total = 0
    forEachCell(in: text) { _, width, isMark in
      if !isMark { total += width }
      return true
    }
    return total
  }

  /// The scalar itself, or a visible stand-in for one that must not reach a terminal: a control
  /// picture for C0 and DEL, U+FFFD for C1, bidirectional controls, line separators,
  /// noncharacters and other invisible format characters.
  public static func safe(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    let value = scalar.value
    if value >= 0x20 && value < 0x7F { return scalar }
    if value < 0x20 { return Unicode.Scalar(0x2400 + value) ?? "\u{FFFD}" }
    if value == 0x7F { return "\u{2421}" }
    if value < 0xA0 { return "\u{FFFD}" }
    if value == 0xAD { return "-" }
    if value < 0x300 || isDrawing(value) { return scalar }
    switch value {
    case 0x061C, 0x115F...0x1160, 0x180E, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x206F,
      0x3164, 0xFEFF, 0xFFA0, 0xFFF0...0xFFFB, 0xFFFE...0xFFFF, 0x1D173...0x1D17A, 0xE0000...0xE00FF:
      return "\u{FFFD}"
    case 0x1F1E6...0x1F1FF:
      // Flags: terminals disagree on their width, so they are shown as their country letters.
      return Unicode.Scalar(0x41 + value - 0x1F1E6) ?? "\u{FFFD}"
    default:
      return scalar.properties.generalCategory == .unassigned ? "\u{FFFD}" : scalar
    }
  }

  /// Lines, blocks, shapes, arrows, dashes and Braille, of which frames, marks, sparklines and timelines are made:
  /// one column each, all assigned. Whole stretches of Unicode: their properties are not looked up at each frame.
  private static func isDrawing(_ value: UInt32) -> Bool {
    switch value {
    case 0x2010...0x2027, 0x2190...0x22FF, 0x2500...0x25FC, 0x2800...0x28FF: true
    default: false
    }
  }

  /// Scalars that only change how an emoji is drawn. They are dropped: terminals disagree on the
  /// width of what they join.
  static func isJoiner(_ value: UInt32) -> Bool {
    switch value {
    case 0x200C...0x200D, 0xFE00...0xFE0F, 0xE0100...0xE01EF, 0x1F3FB...0x1F3FF: true
    default: false
    }
  }

  /// Visits each shown scalar with its columns; `isMark` scalars belong to the one before.
  /// Stops when `body` returns false.
  @inline(__always)
  static func forEachCell(
    in text: some StringProtocol, _ body: (_ scalar: Unicode.Scalar, _ width: Int, _ isMark: Bool) -> Bool
  ) {
    var hasBase = false
    for scalar in text.unicodeScalars {
      if scalar.value >= 0x20 && scalar.value < 0x7F {
        guard body(scalar, 1, false) else { return }
        hasBase = true
        continue
      }
      if isJoiner(scalar.value) { continue }
      let shown = safe(scalar)
      let width = of(shown)
      if width == 0 {
        // A mark with nothing to sit on gets a base of its own.
        if !hasBase { guard body("\u{25CC}", 1, false) else { return } }
        guard body(shown, 0, true) else { return }
      } else {
        guard body(shown, width, false) else { return }
      }
      hasBase = true
    }
  }

  private static func isZeroWidth(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: true
    default: (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value)
    }
  }

  private static func isWide(_ value: UInt32) -> Bool {
    if value < 0x1100 { return false }
    var low = 0
    var high = wideRanges.count - 1
    while low <= high {
      let middle = (low + high) / 2
      let range = wideRanges[middle]
      if value < range.0 {
        high = middle - 1
      } else if value > range.1 {
        low = middle + 1
      } else {
        return true
      }
    }
    return false
  }
}
