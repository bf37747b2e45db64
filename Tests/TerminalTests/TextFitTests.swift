import Testing

@testable import Terminal

@Suite struct TextFitTests {
  @Test func truncates() {
    #expect(TextFit.truncate("zone1-setpoint", to: 8) == "zone1-s…")
    #expect(TextFit.truncate("zone1", to: 5) == "zone1")
    #expect(TextFit.truncate("zone1", to: 0) == "")
    #expect(TextFit.truncate("zone1", to: 3, glyphs: .ascii) == "zo~")
    #expect(TextFit.pad("日本", to: 6, align: .trailing) == "  日本")
  }

  @Test func wraps() {
    #expect(
      TextFit.wrap("no write because the hold is on", to: 12) == ["no write", "because the", "hold is on"])
    #expect(TextFit.wrap("abcdefgh", to: 3) == ["abc", "def", "gh"])
    #expect(TextFit.wrap("a\n\nb", to: 9) == ["a", "", "b"])
    #expect(TextFit.wrap("日本", to: 1) == ["日本"])
    #expect(TextFit.wrap("x", to: 0) == [])
  }

  @Test func alignsDecimalPoints() {
    let numbers = ["2500", "72.5", "-0.125", "1e3"]
    let column = DecimalColumn(numbers)
    #expect(numbers.map { column.place($0) } == ["2500    ", "  72.5  ", "  -0.125", " 1e3    "])
    #expect(column.width == 8)
    #expect(DecimalColumn(["1", "22"]).place("1") == " 1")
  }

  @Test func rectanglesSplitWithoutGaps() {
    let area = Rect(x: 2, y: 3, width: 17, height: 10)
    let columns = area.columns(weights: [1, 2, -1, 3])
    #expect(columns.map(\.width).reduce(0, +) == 17)
    #expect(columns.first?.x == 2 && columns.last?.maxX == 19)
    #expect(area.rows(weights: [0, 0]).map(\.height) == [10, 0])
    #expect(area.cutTop(99).rest.isEmpty)
    #expect(area.cutBottom(2).piece == Rect(x: 2, y: 11, width: 17, height: 2))
    #expect(area.centered(Size(5, 4)) == Rect(x: 8, y: 6, width: 5, height: 4))
    #expect(area.inset(dx: 20, dy: 1).isEmpty)
  }
}
