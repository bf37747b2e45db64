/// Finds places of a text by line and column.
struct TextLines {
  private let starts: [String.UnicodeScalarView.Index]

  init(_ text: String) {
    var starts = [text.unicodeScalars.startIndex]
    var index = text.unicodeScalars.startIndex
    while index < text.unicodeScalars.endIndex {
      let next = text.unicodeScalars.index(after: index)
      if text.unicodeScalars[index] == "\n" { starts.append(next) }
      index = next
    }
    self.starts = starts
  }

  /// The index of a 1-based position; `nil` beyond the end of its line.
  func index(of position: SourcePosition, in text: String) -> String.Index? {
    guard position.line >= 1, position.line <= starts.count, position.column >= 1 else { return nil }
    let scalars = text.unicodeScalars
    let start = starts[position.line - 1]
    let end = position.line < starts.count ? starts[position.line] : scalars.endIndex
    return scalars.index(start, offsetBy: position.column - 1, limitedBy: end)
  }

  /// Where exactly these characters stand at a position.
  func range(of part: String, at position: SourcePosition, in text: String) -> Range<String.Index>? {
    guard let start = index(of: position, in: text) else { return nil }
    let scalars = text.unicodeScalars
    guard let end = scalars.index(start, offsetBy: part.unicodeScalars.count, limitedBy: scalars.endIndex),
      String(scalars[start..<end]) == part
    else { return nil }
    return start..<end
  }
}
