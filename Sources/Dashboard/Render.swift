import Terminal

/// What the terminal is to show for a model: always a frame of exactly the size asked.
public func render(_ model: Model, size: Size) -> Frame {
  var frame = Frame(size: size, glyphs: model.glyphs)
  render(model, into: &frame)
  return frame
}

/// The same into a frame that is used again, in its own size.
public func render(_ model: Model, into frame: inout Frame) {
  frame.reset()
  frame.glyphs = model.glyphs
  let layout = model.layout(frame.size)
  guard layout.shape != .tooSmall else {
    TooSmall.draw(model, into: &frame)
    return finish(model, &frame)
  }
  HeaderPane.draw(model, layout, into: &frame)
  for pane in Pane.allCases {
    guard let rect = layout.panes[pane] else { continue }
    frame.clipped(to: rect) { frame in
      switch pane {
      case .fleet: FleetPane.draw(model, rect, layout, into: &frame)
      case .reality: RealityPane.draw(model, rect, layout, into: &frame)
      case .timeline: TimelinePane.draw(model, rect, layout, into: &frame)
      case .sparkline: SparklinePane.draw(model, rect, layout, into: &frame)
      case .events: EventsPane.draw(model, rect, layout, into: &frame)
      }
    }
  }
  HintsBar.draw(model, layout.hints, into: &frame)
  if let overlay = model.overlay { DialogDrawing.draw(overlay, model, into: &frame) }
  finish(model, &frame)
}

/// With 7-bit glyphs nothing else may reach the terminal, also not in names and units.
private func finish(_ model: Model, _ frame: inout Frame) {
  guard model.glyphs == .ascii else { return }
  for y in 0..<frame.size.height {
    for x in 0..<frame.size.width {
      guard let cell = frame[Point(x, y)], !cell.isContinuation, cell.packedScalars > 0x7F else { continue }
      let plain = SevenBit.substitute(cell.base)
      frame.set(Cell(plain, style: cell.style), at: Point(x, y))
    }
  }
}

/// What a character becomes where only ASCII can be shown.
enum SevenBit {
  static func substitute(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    if scalar.isASCII { return scalar }
    switch scalar {
    case "°": return "o"
    case "µ", "μ": return "u"
    case "→": return ">"
    case "←": return "<"
    case "Ω": return "R"
    case "²": return "2"
    case "³": return "3"
    case "±": return "~"
    case "–", "—", "−", "─": return "-"
    case "…": return "~"
    case "·", "•": return "."
    case "‘", "’": return "'"
    case "“", "”": return "\""
    default: return latin(scalar) ?? "?"
    }
  }

  /// Letters with marks become their base letters (canonical decomposition by the standard library's tables
  /// is not public, so the common ones are listed).
  private static func latin(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
    let pairs: [(String, Unicode.Scalar)] = [
      ("àáâãäåāăą", "a"), ("çćĉċč", "c"), ("ďđ", "d"), ("èéêëēĕėęě", "e"), ("ìíîïĩīĭįı", "i"), ("ñńņň", "n"),
      ("òóôõöøō", "o"), ("śŝşš", "s"), ("ùúûüũūŭů", "u"), ("ýÿ", "y"), ("źżž", "z"), ("ß", "s"),
      ("ÀÁÂÃÄÅ", "A"), ("ÇĆČ", "C"), ("ÈÉÊË", "E"), ("ÌÍÎÏ", "I"), ("Ñ", "N"), ("ÒÓÔÕÖØ", "O"), ("ŚŠ", "S"),
      ("ÙÚÛÜ", "U"), ("ŹŻŽ", "Z"), ("łŁ", "l"),
    ]
    return pairs.first { $0.0.unicodeScalars.contains(scalar) }?.1
  }
}

/// Below 60×16 there is no room to operate: what matters most is said in words.
enum TooSmall {
  static func draw(_ model: Model, into frame: inout Frame) {
    let size = frame.size
    var lines = [
      "Terminal too small: \(size.width)x\(size.height), needs \(Layout.minimum.width)x\(Layout.minimum.height)"
    ]
    if size.width < 50 {
      lines = [
        "too small: \(size.width)x\(size.height)", "needs \(Layout.minimum.width)x\(Layout.minimum.height)",
      ]
    }
    if let snapshot = model.shown {
      if snapshot.gates.hold != nil { lines.append("ALL WRITES HELD") }
      lines += HeaderPane.counts(snapshot).map { "\($0.count) \($0.status.word)" }
    }
    lines.append("q quits")
    for (row, line) in lines.enumerated() where row < size.height {
      frame.put(line, at: Point(0, row), style: Style(row == 0 ? .warning : .text))
    }
  }
}
