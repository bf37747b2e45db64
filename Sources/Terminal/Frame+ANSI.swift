extension Frame {
  /// The frame as lines of text with SGR colour sequences, for a file that is later shown with `cat`.
  /// Each line starts from and ends in the terminal's own colours.
  public func ansi(theme: Theme, depth: ColorDepth = .indexed256) -> String {
    var result = ""
    for y in 0..<size.height {
      var current: Appearance?
      for x in 0..<size.width {
        let cell = cells[y * size.width + x]
        if cell.isContinuation { continue }
        let wanted = theme.resolve(cell.style, depth: depth)
        if wanted != current {
          result += wanted.sgr
          current = wanted
        }
        cell.forEachScalar { result.unicodeScalars.append($0) }
      }
      result += "\u{1B}[0m\n"
    }
    return result
  }
}

extension Appearance {
  /// The SGR sequence that sets exactly this appearance (ECMA-48 §8.3.117, ISO 8613-6 colours).
  public var sgr: String {
    var codes = ["0"]
    let flags: [(Attributes, String)] = [
      (.bold, "1"), (.dim, "2"), (.underline, "4"), (.blink, "5"), (.reverse, "7"),
    ]
    codes += flags.filter { attributes.contains($0.0) }.map { $0.1 }
    codes += Self.codes(foreground, base: 30)
    codes += Self.codes(background, base: 40)
    return "\u{1B}[" + codes.joined(separator: ";") + "m"
  }

  private static func codes(_ paint: Paint, base: Int) -> [String] {
    switch paint {
    case .standard: []
    case .index(let i) where i < 8: [String(base + Int(i))]
    case .index(let i) where i < 16: [String(base + 52 + Int(i))]
    case .index(let i): [String(base + 8), "5", String(i)]
    case .rgb(let c): [String(base + 8), "2", String(c.red), String(c.green), String(c.blue)]
    }
  }
}
