import Terminal

/// A column of values: numbers stand with their points below each other, texts keep out of that.
struct ValueColumn {
  private var decimal = DecimalColumn()
  /// Columns of the widest text that is no number.
  private(set) var texts = 0

  /// Columns that the numbers take.
  var numbers: Int { decimal.width }

  mutating func include(_ value: String) {
    if Self.isText(value) {
      texts = max(texts, DisplayWidth.of(value))
    } else {
      decimal.include(value)
    }
  }

  /// A value in at most `width` columns. What does not fit is seen not to: a number is never cut so that it looks
  /// like another one.
  func fitted(_ value: String, to width: Int, _ glyphs: GlyphSet) -> String {
    if Self.isText(value) { return TextFit.truncate(value, to: width, glyphs: glyphs) }
    if numbers <= width { return decimal.place(value) }
    return DisplayWidth.of(value) <= width ? value : Self.shortened(value, to: width, glyphs)
  }

  /// Fewer digits after the point where that is enough, else only the ellipsis.
  private static func shortened(_ number: String, to width: Int, _ glyphs: GlyphSet) -> String {
    let ellipsis = String(Character(glyphs.ellipsis))
    // The exponent says more than any digit.
    let exponent = number.firstIndex(of: "e").map { number[$0...] } ?? ""
    let whole = number.prefix { $0 != "." && $0 != "e" }
    let kept = width - exponent.count - 1
    guard kept > whole.count else { return width > 0 ? ellipsis : "" }
    return number.dropLast(exponent.count).prefix(kept) + ellipsis + exponent
  }

  /// A string, `true`, `false`, or words in place of a difference.
  private static func isText(_ value: String) -> Bool {
    guard let first = value.unicodeScalars.first else { return false }
    return first == "\"" || (first.properties.isAlphabetic && value != "NaN" && value != "inf")
  }
}

/// The room that the columns of a table share: one claim after another, the most important first.
struct ColumnRoom {
  private(set) var left: Int

  init(_ columns: Int) { left = columns }

  /// Columns that are there in any case.
  mutating func take(_ columns: Int) { left -= columns }

  /// Widens a column that is there as far as there is room.
  mutating func widen(_ column: inout Int, to wanted: Int) {
    let more = min(max(wanted - column, 0), max(left, 0))
    column += more
    left -= more
  }

  /// A column that is there whole or not at all, with the gap beside it.
  mutating func place(_ wanted: Int, gap: Int) -> Int {
    guard wanted > 0, left >= wanted + gap else { return 0 }
    left -= wanted + gap
    return wanted
  }
}
