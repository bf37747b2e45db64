import Yams

/// A scalar as it stands in the text, quotes included.
struct ScalarToken {
  enum Style {
    case plain, singleQuoted, doubleQuoted
  }
  var style: Style
  var value: String

  /// Its characters; `nil` when they are not all there on one line (an anchor, a tag, a folded scalar).
  func range(at position: SourcePosition, in text: String) -> Range<String.Index>? {
    let lines = TextLines(text)
    switch style {
    case .plain: return lines.range(of: value, at: position, in: text)
    case .singleQuoted, .doubleQuoted:
      let quote: Unicode.Scalar = style == .singleQuoted ? "'" : "\""
      guard let start = lines.index(of: position, in: text), start < text.endIndex,
        text.unicodeScalars[start] == quote
      else { return nil }
      return end(after: start, quote, in: text.unicodeScalars).map { start..<$0 }
    }
  }

  private func end(after start: String.Index, _ quote: Unicode.Scalar, in scalars: String.UnicodeScalarView)
    -> String.Index?
  {
    var index = scalars.index(after: start)
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      if scalar == "\n" { return nil }
      if scalar == quote {
        // '' stands for one quote.
        guard quote == "'", next < scalars.endIndex, scalars[next] == "'" else { return next }
        index = scalars.index(after: next)
      } else if scalar == "\\", quote == "\"", next < scalars.endIndex {
        index = scalars.index(after: next)
      } else {
        index = next
      }
    }
    return nil
  }
}
