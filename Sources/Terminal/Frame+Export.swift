extension Frame {
  /// The characters, line by line, without trailing spaces; each line ends in a newline.
  public var text: String {
    var result = String.UnicodeScalarView()
    for y in 0..<size.height {
      var line = String.UnicodeScalarView()
      var end = line.endIndex
      for x in 0..<size.width {
        let cell = cells[y * size.width + x]
        cell.forEachScalar { line.append($0) }
        if !cell.isContinuation && (cell.base != " " || cell.packedScalars >> 21 != 0) { end = line.endIndex }
        if cell.isContinuation { end = line.endIndex }
      }
      result.append(contentsOf: line[..<end])
      result.append("\n")
    }
    return String(result)
  }

  /// The styles, line by line: one letter per cell, and below a legend of what each stands for.
  /// `.` is plain text.
  public var styles: String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    var known: [Style: Character] = [.text: "."]
    var legend: [(Character, Style)] = []
    var result = ""
    for y in 0..<size.height {
      for x in 0..<size.width {
        let style = cells[y * size.width + x].style
        if known[style] == nil {
          let letter = legend.count < letters.count ? letters[legend.count] : "?"
          known[style] = letter
          legend.append((letter, style))
        }
        result.append(known[style] ?? "?")
      }
      result.append("\n")
    }
    for (letter, style) in legend { result += "\(letter) \(style.description)\n" }
    return result
  }
}

extension Style: CustomStringConvertible {
  /// `drifted on selection +bold`.
  public var description: String {
    var result = role.name
    if let surface { result += " on \(surface.name)" }
    for (flag, name) in Attributes.names where attributes.contains(flag) { result += " +\(name)" }
    return result
  }
}

extension Attributes {
  /// Each attribute with its name in theme files.
  public static let names: [(Attributes, String)] = [
    (.bold, "bold"), (.dim, "dim"), (.reverse, "reverse"), (.underline, "underline"), (.blink, "blink"),
  ]
}
