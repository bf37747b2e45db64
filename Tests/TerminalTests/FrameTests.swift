import Testing

@testable import Terminal

@Suite struct FrameTests {
  @Test func drawsText() {
    var frame = Frame(size: Size(8, 2))
    frame.put("hello", at: Point(1, 0), style: .text)
    #expect(frame.text == " hello\n\n")
  }
}
