/// Refuses files whose aliases could unfold into much more than their text ("a billion laughs").
///
/// Looks at characters, not at YAML, so that nothing is parsed before it is known to be harmless; in doubt it
/// refuses. Ordinary use, a few anchors on values or on whole blocks without aliases inside, passes.
enum AliasGuard {
  static func problem(in text: String, size: Int) -> SourceText.Problem? {
    var aliases = 0
    var line = 1
    var column = 1
    var startsToken = true
    let scalars = text.unicodeScalars
    var index = scalars.startIndex
    while index < scalars.endIndex {
      let scalar = scalars[index]
      let next = scalars.index(after: index)
      if startsToken, next < scalars.endIndex, isNameCharacter(scalars[next]) {
        let position = SourcePosition(line: line, column: column)
        if scalar == "*" {
          aliases += 1
          if let problem = tooMuch(aliases, size, position) { return problem }
        } else if scalar == "&", aliases > 0, anchorsCollection(scalars, from: next) {
          return SourceText.Problem(
            position: position,
            message: "anchors on lists or mappings must come before the first alias of a file")
        }
      }
      startsToken = " \t\n\r[]{},:?-!".unicodeScalars.contains(scalar)
      column += 1
      if scalar == "\n" {
        line += 1
        column = 1
      }
      index = next
    }
    return nil
  }

  private static func tooMuch(_ aliases: Int, _ size: Int, _ position: SourcePosition) -> SourceText.Problem?
  {
    if aliases > SourceText.Limit.aliases {
      return SourceText.Problem(
        position: position, message: "more than \(SourceText.Limit.aliases) aliases: write the values out")
    }
    if size > SourceText.Limit.aliasedFileSize {
      return SourceText.Problem(
        position: position,
        message:
          "aliases in a file larger than \(SourceText.Limit.aliasedFileSize) bytes: write the values out")
    }
    return nil
  }

  private static func isNameCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "0"..."9", "A"..."Z", "a"..."z", "_", "-": true
    default: false
    }
  }

  /// Whether what follows the anchor's name is anything but a scalar on the same line.
  private static func anchorsCollection(_ scalars: String.UnicodeScalarView, from start: String.Index) -> Bool
  {
    var index = start
    while index < scalars.endIndex, isNameCharacter(scalars[index]) { index = scalars.index(after: index) }
    while index < scalars.endIndex, scalars[index] == " " || scalars[index] == "\t" {
      index = scalars.index(after: index)
    }
    guard index < scalars.endIndex else { return false }
    switch scalars[index] {
    case "0"..."9", "A"..."Z", "a"..."z", "_", "\"", "'", ".", "+": return false
    case "-":
      // A negative number, not a list.
      let next = scalars.index(after: index)
      return next >= scalars.endIndex || !("0"..."9").contains(scalars[next])
    default: return true
    }
  }
}
