/// Fitting text into columns.
public enum TextFit {
  /// `text` cut to `width` columns, ending in the ellipsis when something was lost.
  public static func truncate(_ text: String, to width: Int, glyphs: GlyphSet = .unicode) -> String {
    guard width > 0 else { return "" }
    guard DisplayWidth.of(text) > width else { return text }
    return prefix(of: text, columns: width - 1) + String(Character(glyphs.ellipsis))
  }

  /// `text` cut or padded with spaces to exactly `width` columns.
  public static func pad(
    _ text: String, to width: Int, align: Alignment = .leading, glyphs: GlyphSet = .unicode
  ) -> String {
    let cut = truncate(text, to: width, glyphs: glyphs)
    let missing = max(width - DisplayWidth.of(cut), 0)
    let lead =
      switch align {
      case .leading: 0
      case .center: missing / 2
      case .trailing: missing
      }
    return String(repeating: " ", count: lead) + cut + String(repeating: " ", count: missing - lead)
  }

  /// Lines of at most `width` columns, broken at spaces where possible.
  public static func wrap(_ text: String, to width: Int) -> [String] {
    guard width > 0 else { return [] }
    var lines: [String] = []
    for paragraph in text.split(separator: "\n", omittingEmptySubsequences: false) {
      wrapParagraph(paragraph, width: width, into: &lines)
    }
    return lines
  }

  private static func wrapParagraph(_ paragraph: Substring, width: Int, into lines: inout [String]) {
    var line = ""
    var used = 0
    for word in paragraph.split(separator: " ") {
      var rest = String(word)
      var columns = DisplayWidth.of(rest)
      if used > 0 && used + 1 + columns <= width {
        line += " " + rest
        used += 1 + columns
        continue
      }
      if used > 0 { lines.append(line) }
      while columns > width {
        let head = prefix(of: rest, columns: width)
        guard !head.isEmpty else { break }
        lines.append(head)
        rest = String(rest.unicodeScalars.dropFirst(head.unicodeScalars.count))
        columns = DisplayWidth.of(rest)
      }
      line = rest
      used = columns
    }
    lines.append(line)
  }

  /// The longest start of `text` that takes at most `columns`, made safe to show.
  public static func prefix(of text: String, columns: Int) -> String {
    var result = String.UnicodeScalarView()
    var used = 0
    DisplayWidth.forEachCell(in: text) { scalar, width, isMark in
      if !isMark {
        guard used + width <= columns else { return false }
        used += width
      }
      result.append(scalar)
      return true
    }
    return String(result)
  }
}

/// Numbers written one below the other with their decimal points in one column.
///
/// Build it from all the numbers that stand in a column, then ``place(_:)`` each.
public struct DecimalColumn: Hashable, Sendable {
  /// Columns left of the point.
  public private(set) var whole = 0
  /// Columns from the point on, 0 when no number has one.
  public private(set) var fraction = 0

  public init(_ numbers: some Sequence<String> = []) {
    for number in numbers { include(number) }
  }

  /// Makes room for another number.
  public mutating func include(_ number: String) {
    let (left, right) = Self.parts(number)
    whole = max(whole, left)
    fraction = max(fraction, right)
  }

  /// Columns the whole column takes.
  public var width: Int { whole + fraction }

  /// The number with spaces on both sides, ``width`` columns wide if it was included.
  public func place(_ number: String) -> String {
    let (left, right) = Self.parts(number)
    return String(repeating: " ", count: max(whole - left, 0)) + number
      + String(repeating: " ", count: max(fraction - right, 0))
  }

  private static func parts(_ number: String) -> (Int, Int) {
    guard let point = number.firstIndex(of: ".") else { return (DisplayWidth.of(number), 0) }
    return (DisplayWidth.of(number[..<point]), DisplayWidth.of(number[point...]))
  }
}
