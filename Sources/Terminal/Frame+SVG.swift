extension Frame {
  /// The frame as a self-contained SVG picture in 24-bit colours: text in the reader's monospace
  /// font, box drawing, blocks and braille as shapes, so that lines meet whatever the font.
  public func svg(theme: Theme, title: String = "") -> String {
    let picture = SVGPicture(frame: self, theme: theme)
    return picture.document(title: title)
  }
}

/// Draws one frame; sizes are in SVG user units.
struct SVGPicture {
  static let cellWidth = 9.0
  static let cellHeight = 19.0
  static let margin = 14.0
  static let bar = 30.0

  let frame: Frame
  let theme: Theme

  func document(title: String) -> String {
    let width = Double(frame.size.width) * Self.cellWidth + 2 * Self.margin
    let top = title.isEmpty ? Self.margin : Self.bar + 4
    let height = Double(frame.size.height) * Self.cellHeight + top + Self.margin
    let page = paint(Style(.text)).background
    var out = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(n(width))\" height=\"\(n(height))\""
    out += " viewBox=\"0 0 \(n(width)) \(n(height))\" role=\"img\">\n"
    if !title.isEmpty { out += "<title>\(Self.escape(title))</title>\n" }
    out += "<style>text{font:15px ui-monospace,'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace;"
    out += "white-space:pre}.b{font-weight:700}.d{opacity:.65}.u{text-decoration:underline}</style>\n"
    let edge = paint(Style(.border)).foreground
    out += "<rect x=\"0.5\" y=\"0.5\" width=\"\(n(width - 1))\" height=\"\(n(height - 1))\" rx=\"8\""
    out += " fill=\"\(page.description)\" stroke=\"\(edge.description)\"/>\n"
    if !title.isEmpty { out += chrome(title, width: width) }
    out += "<g transform=\"translate(\(n(Self.margin)) \(n(top)))\">\n"
    for y in 0..<frame.size.height { out += row(y, page: page) }
    return out + "</g>\n</svg>\n"
  }

  private func chrome(_ title: String, width: Double) -> String {
    let ink = paint(Style(.dim)).foreground.description
    var out = ""
    for i in 0..<3 {
      out += "<circle cx=\"\(18 + i * 18)\" cy=\"16\" r=\"5\" fill=\"none\" stroke=\"\(ink)\"/>"
    }
    out += "<text x=\"\(n(width / 2))\" y=\"21\" text-anchor=\"middle\" fill=\"\(ink)\">"
    return out + Self.escape(title) + "</text>\n"
  }

  private struct Colors: Equatable {
    var foreground: RGB
    var background: RGB
    var attributes: Attributes
  }

  private func paint(_ style: Style) -> Colors {
    let look = theme.resolve(style, depth: .trueColor)
    func color(_ paint: Paint, _ standard: RGB) -> RGB {
      switch paint {
      case .standard: standard
      case .index(let i): Palette.color(i)
      case .rgb(let c): c
      }
    }
    let dark = theme.isDark
    let front = color(look.foreground, dark ? RGB(0xD0D0D0) : RGB(0x202020))
    let back = color(look.background, dark ? RGB(0x121212) : RGB(0xFFFFFF))
    let reversed = look.attributes.contains(.reverse)
    return Colors(
      foreground: reversed ? back : front, background: reversed ? front : back, attributes: look.attributes)
  }

  private func row(_ y: Int, page: RGB) -> String {
    var backgrounds = ""
    var ink = ""
    var x = 0
    while x < frame.size.width {
      let style = frame.cells[y * frame.size.width + x].style
      var end = x + 1
      while end < frame.size.width && frame.cells[y * frame.size.width + end].style == style { end += 1 }
      let colors = paint(style)
      if colors.background != page {
        backgrounds += "<rect x=\"\(n(Double(x) * Self.cellWidth))\" y=\"\(n(Double(y) * Self.cellHeight))\""
        backgrounds += " width=\"\(n(Double(end - x) * Self.cellWidth))\" height=\"\(n(Self.cellHeight))\""
        backgrounds += " fill=\"\(colors.background.description)\"/>\n"
      }
      ink += run(y, x..<end, colors)
      x = end
    }
    return backgrounds + ink
  }

  // Text goes out in words, each placed on its column, so that a font of another width cannot drift.
  private func run(_ y: Int, _ range: Range<Int>, _ colors: Colors) -> String {
    var out = ""
    var word = ""
    var start = 0
    var columns = 0
    func flush() {
      guard !word.isEmpty else { return }
      out += text(word, x: start, y: y, columns: columns, colors)
      word = ""
      columns = 0
    }
    for x in range {
      let cell = frame.cells[y * frame.size.width + x]
      if cell.isContinuation { continue }
      if cell.base == " " && cell.packedScalars >> 21 == 0 {
        flush()
      } else if let shape = SVGShape.path(
        cell.base, x: Double(x) * Self.cellWidth, y: Double(y) * Self.cellHeight, width: Self.cellWidth,
        height: Self.cellHeight)
      {
        flush()
        out += shape(colors.foreground.description)
      } else {
        if word.isEmpty { start = x }
        cell.forEachScalar { word.unicodeScalars.append($0) }
        columns += Int(cell.width)
        if cell.width == 2 || cell.base.value > 0x2000 { flush() }
      }
    }
    flush()
    return out
  }

  private func text(_ word: String, x: Int, y: Int, columns: Int, _ colors: Colors) -> String {
    var classes: [String] = []
    if colors.attributes.contains(.bold) { classes.append("b") }
    if colors.attributes.contains(.dim) { classes.append("d") }
    if colors.attributes.contains(.underline) { classes.append("u") }
    var out = "<text x=\"\(n(Double(x) * Self.cellWidth))\" y=\"\(n(Double(y) * Self.cellHeight + 14.5))\""
    if columns > 1 {
      out += " textLength=\"\(n(Double(columns) * Self.cellWidth))\" lengthAdjust=\"spacingAndGlyphs\""
    }
    if !classes.isEmpty { out += " class=\"\(classes.joined(separator: " "))\"" }
    return out + " fill=\"\(colors.foreground.description)\">\(Self.escape(word))</text>\n"
  }

  static func escape(_ text: String) -> String {
    var result = ""
    for character in TextFit.prefix(of: text, columns: Size.limit).unicodeScalars {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&quot;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  private func n(_ value: Double) -> String { SVGShape.number(value) }
}
