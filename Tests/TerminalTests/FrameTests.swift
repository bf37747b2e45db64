import Testing

@testable import Terminal

@Suite struct FrameTests {
  @Test func textIsClippedAtBothEdges() {
    var frame = Frame(size: Size(5, 1))
    frame.put("abcdefgh", at: Point(-2, 0), style: .text)
    #expect(frame.text == "cdefg\n")
    frame.put("xyz", at: Point(0, 7), style: .text)
    frame.put("xyz", at: Point(99, 0), style: .text)
    #expect(frame.text == "cdefg\n")
  }

  @Test func wideCharactersStayWhole() {
    var frame = Frame(size: Size(6, 1))
    frame.put("日本語", at: Point(0, 0), style: .text)
    #expect(frame.text == "日本語\n")
    frame.put("x", at: Point(1, 0), style: .text)
    #expect(frame.text == " x本語\n")
    frame.put("y", at: Point(2, 0), style: .text)
    #expect(frame.text == " xy 語\n")
    frame.put("世", at: Point(3, 0), style: .text)
    #expect(frame.text == " xy世\n")
    frame.put("界", at: Point(5, 0), style: .text)
    #expect(frame.text == " xy世\n")
    frame.put("界", at: Point(-1, 0), style: .text)
    #expect(frame.text == " xy世\n")
  }

  @Test func combiningMarksShareTheCell() {
    var frame = Frame(size: Size(4, 1))
    frame.put("e\u{301}\u{323}\u{308}a", at: Point(0, 0), style: .text)
    #expect(frame[Point(0, 0)]?.scalars == ["e", "\u{301}", "\u{323}"])
    #expect(frame[Point(1, 0)]?.base == "a")
  }

  @Test(arguments: [
    ("pressure", 8, Alignment.leading, "pressure|"), ("pressure", 5, .leading, "pres…|"),
    ("ab", 5, .leading, "ab   |"), ("ab", 5, .trailing, "   ab|"), ("ab", 5, .center, " ab  |"),
    ("日本語", 5, .leading, "日本…|"), ("日本語", 4, .leading, "日 …|"), ("x", 0, .leading, "|"),
  ])
  func widthIsExact(text: String, width: Int, align: Alignment, expected: String) {
    var frame = Frame(size: Size(12, 1))
    let used = frame.put(text, at: Point(0, 0), style: .text, width: width, align: align)
    #expect(used == width)
    frame.put("|", at: Point(used, 0), style: .text)
    #expect(frame.text == expected + "\n")
  }

  @Test func spansAreCutTogether() {
    var frame = Frame(size: Size(10, 1))
    let spans = [Span("ab", Style(.title)), Span("cdefgh", Style(.dim)), Span("ij", .text)]
    #expect(frame.put(spans, at: Point(0, 0), width: 6) == 6)
    #expect(frame.text == "abcde…\n")
    #expect(frame.styles == "aabbbb....\na title\nb dim\n")
  }

  @Test func boxesWithTitles() {
    var frame = Frame(size: Size(14, 4))
    let inner = frame.box(frame.bounds, title: "Fleet of the north")
    #expect(inner == Rect(x: 1, y: 1, width: 12, height: 2))
    #expect(
      frame.text == """
        ╭─ Fleet o… ─╮
        │            │
        │            │
        ╰────────────╯

        """)
    var ascii = Frame(size: Size(6, 3), glyphs: .ascii)
    ascii.box(ascii.bounds, focused: true)
    #expect(ascii.text == "#====#\n|    |\n#====#\n")
  }

  @Test func clipsNest() {
    var frame = Frame(size: Size(6, 3))
    frame.clipped(to: Rect(x: 1, y: 1, width: 3, height: 1)) { frame in
      frame.fill(frame.bounds, "#", style: .text)
      frame.clipped(to: Rect(x: 0, y: 0, width: 2, height: 9)) { $0.fill($0.bounds, "!", style: .text) }
    }
    #expect(frame.text == "\n !##\n\n")
    #expect(frame.clip == frame.bounds)
  }

  @Test func resetKeepsOrChangesTheSize() {
    var frame = Frame(size: Size(3, 1))
    frame.put("abc", at: Point(0, 0), style: .text)
    frame.cursor = Point(1, 0)
    frame.reset()
    #expect(frame == Frame(size: Size(3, 1)))
    frame.reset(size: Size(2, 2))
    #expect(frame == Frame(size: Size(2, 2)))
  }

  @Test func sizesAreSane() {
    #expect(Size(-1, 1_000_000) == Size(0, Size.limit))
    #expect(Frame(size: Size(0, 0)).text == "")
    #expect(Rect(x: 3, y: 3, width: -4, height: 2).isEmpty)
  }

  @Test(arguments: [1, 2, 3, 4, 5] as [UInt64])
  func randomDrawingKeepsTheGridSound(seed: UInt64) {
    var random = Seeded(seed)
    let texts = ["plain", "日本語テキスト", "e\u{301}e\u{301}", "👨‍👩‍👧 a", "\u{1B}[0m\t\u{301}", "", "ｱ界x"]
    var frame = Frame(size: Size(23, 7))
    for _ in 0..<2000 {
      let point = Point(Int.random(in: -30...30, using: &random), Int.random(in: -9...9, using: &random))
      let width = Int.random(in: -2...25, using: &random)
      let text = texts.randomElement(using: &random) ?? ""
      let area = Rect(x: point.x, y: point.y, width: width, height: Int.random(in: 0...5, using: &random))
      switch Int.random(in: 0..<5, using: &random) {
      case 0: frame.put(text, at: point, style: .text)
      case 1: frame.put(text, at: point, style: Style(.dim), width: width, align: .center)
      case 2: frame.fill(area, "界", style: .text)
      case 3: frame.box(area, title: text)
      default: frame.clipped(to: area) { $0.put(text, at: Point(0, 3), style: .text, width: 23) }
      }
      expectSound(frame, "seed \(seed)")
    }
  }

  private func expectSound(_ frame: Frame, _ note: Comment) {
    guard frame.cells.count == frame.size.area else {
      Issue.record("\(frame.cells.count) cells, \(note)")
      return
    }
    for y in 0..<frame.size.height {
      for x in 0..<frame.size.width {
        let cell = frame.cells[y * frame.size.width + x]
        let next = x + 1 < frame.size.width ? frame.cells[y * frame.size.width + x + 1] : nil
        if cell.width == 2 && next?.isContinuation != true { Issue.record("half a character, \(note)") }
        if cell.width != 2 && next?.isContinuation == true { Issue.record("a stray half, \(note)") }
        if x == 0 && cell.isContinuation { Issue.record("a half at the edge, \(note)") }
      }
    }
  }
}
