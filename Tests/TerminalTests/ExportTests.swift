import Testing

@testable import Terminal

@Suite struct ExportTests {
  private func sample() -> Frame {
    var frame = Frame(size: Size(16, 3))
    frame.box(frame.bounds, title: "a<b")
    frame.put("\u{1B}[1m&日", at: Point(1, 1), style: Style(.drifted, on: .selection, .bold))
    frame.put("⣿█", at: Point(10, 1), style: Style(.sparkline))
    return frame
  }

  @Test func textDump() {
    #expect(sample().text == "╭─ a<b ────────╮\n│␛[1m&日  ⣿█   │\n╰──────────────╯\n")
  }

  @Test func ansiHoldsNoEscapeButColours() {
    let text = sample().ansi(theme: .plain, depth: .mono)
    for piece in text.split(separator: "\u{1B}").dropFirst() {
      let body = piece.prefix { $0 != "m" }
      #expect(body.first == "[" && body.dropFirst().allSatisfy { $0.isNumber || $0 == ";" }, "\(piece)")
    }
    #expect(text.contains("\u{1B}[0;1;7m␛[1m&日"))
    #expect(text.split(separator: "\n").allSatisfy { $0.hasSuffix("\u{1B}[0m") })
  }

  @Test func coloursInAnsi() {
    func sgr(_ front: Paint, _ back: Paint) -> String {
      Appearance(foreground: front, background: back, attributes: []).sgr
    }
    #expect(sgr(.index(3), .index(12)) == "\u{1B}[0;33;104m")
    #expect(sgr(.index(220), .standard) == "\u{1B}[0;38;5;220m")
    #expect(sgr(.standard, .rgb(RGB(1, 2, 3))) == "\u{1B}[0;48;2;1;2;3m")
  }

  @Test func svgIsWellFormedAndEscaped() {
    let svg = sample().svg(theme: .plain, title: "x < \u{1B} & \"y\"")
    #expect(svg.hasPrefix("<svg xmlns=") && svg.hasSuffix("</svg>\n"))
    #expect(svg.contains("<title>x &lt; ␛ &amp; &quot;y&quot;</title>"))
    #expect(svg.contains("a&lt;b"))
    #expect(!svg.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    #expect(!svg.contains("⣿") && !svg.contains("╭"), "drawn as shapes")
    // Every element is closed, in order.
    var open: [Substring] = []
    for tag in svg.split(separator: "<").map({ $0.prefix { $0 != ">" } }) {
      let name = tag.prefix { $0 != " " && $0 != "/" }
      if tag.hasPrefix("/") {
        #expect(open.popLast() == tag.dropFirst())
      } else if !tag.hasSuffix("/") {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
  }

  @Test func numbersInSvg() {
    #expect(
      [0, 1.5, 2.25, -0.5, 10.004, 3.999].map(SVGShape.number) == ["0", "1.5", "2.25", "-0.5", "10", "4"])
  }

  @Test func memoryTerminalKeepsTheLastFrame() async {
    let terminal = MemoryTerminal(size: Size(4, 1))
    var frame = Frame(size: terminal.size)
    frame.put("one", at: Point(0, 0), style: .text)
    terminal.present(frame)
    terminal.press(.character("j"), .escape)
    terminal.send(.resize(Size(9, 2)))
    terminal.copy("x")
    terminal.close()
    terminal.present(Frame(size: Size(1, 1)))
    #expect(terminal.text == "one\n" && terminal.frameCount == 1 && terminal.copied == ["x"])
    #expect(terminal.size == Size(9, 2))
    var events: [TerminalEvent] = []
    for await event in terminal.events { events.append(event) }
    #expect(events == [.resize(Size(4, 1)), .key(.character("j")), .key(.escape), .resize(Size(9, 2))])
  }
}
