import Testing

@testable import Terminal

@Suite struct SparklineTests {
  private let ramp: [Double?] = [0, 1, 2, 3, nil, 5, 6, 7]

  @Test func oneLine() {
    #expect(Sparkline(ramp).line(width: 8, glyphs: .unicode) == "▁▂▃▄ ▆▇█")
    #expect(Sparkline(ramp).line(width: 10, glyphs: .ascii) == "  _..- ==^")
    #expect(Sparkline(ramp).line(width: 3, glyphs: .unicode) == "▁▅█")
    #expect(Sparkline([]).line(width: 3, glyphs: .unicode) == "   ")
    #expect(Sparkline([nil, .nan, 4, .infinity]).line(width: 4, glyphs: .unicode) == "  ▅ ")
    #expect(Sparkline(ramp).line(width: 0, glyphs: .unicode) == "")
  }

  @Test func theRangeIsNeverEmpty() {
    #expect(Sparkline([5, 5]).span(of: 2).contains(5))
    #expect(Sparkline([nil]).span(of: 2) == 0...1)
    #expect(Sparkline([1], target: 10, tolerance: 2).span(of: 1) == 1...12)
    let huge = Sparkline([-.greatestFiniteMagnitude, .greatestFiniteMagnitude])
    #expect(huge.span(of: 2).lowerBound < huge.span(of: 2).upperBound)
    #expect(huge.line(width: 2, glyphs: .unicode).count == 2)
    #expect(Sparkline([0, 0]).line(width: 2, glyphs: .unicode).count == 2)
  }

  @Test func brailleWithTargetLineAndGap() {
    var frame = Frame(size: Size(6, 3))
    let graph = Sparkline([0, 1, 2, 3, 4, nil, 6, 7, 8, 9, 10, 11], target: 6, range: 0...11)
    graph.draw(into: &frame, frame.bounds)
    #expect(frame.text == "    ⡠⠊\n──⡀⠊──\n⡠⠊\n")
  }

  @Test func blocksMarkWhatIsOutside() {
    var frame = Frame(size: Size(4, 2))
    Sparkline([0, 7, nil, 15], range: 0...15).draw(into: &frame, frame.bounds, mark: .block) { $0 > 10 }
    #expect(frame.text == "   █\n▁█ █\n")
    #expect(frame.styles == "...a\nbb.a\na drifted\nb sparkline\n")
  }

  @Test func asciiPoints() {
    var frame = Frame(size: Size(6, 2), glyphs: .ascii)
    Sparkline([0, 1, 2, 3, 4, 5], range: 0...5).draw(into: &frame, frame.bounds)
    #expect(frame.text == "   _*'\n_*'\n")
  }

  @Test func brailleDots() {
    var canvas = BrailleCanvas(columns: 1, rows: 1)
    canvas.set(x: 0, y: 0)
    canvas.set(x: 1, y: 3)
    canvas.set(x: 2, y: 0)
    canvas.set(x: -1, y: 0)
    #expect(canvas.glyph(column: 0, row: 0) == "\u{2881}")
    #expect(canvas.glyph(column: 1, row: 0) == nil)
  }
}
