import Dashboard
import Foundation
import Testing

/// The reference page says what the tables say.
@Suite struct KeyReferenceTests {
  @Test func thePageIsMadeFromTheTables() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/reference/dashboard.md")
    if ProcessInfo.processInfo.environment["RECORD"] == "1" {
      try KeyReference.markdown.write(to: page, atomically: true, encoding: .utf8)
    }
    let text = try String(contentsOf: page, encoding: .utf8)
    #expect(text == KeyReference.markdown, "RECORD=1 swift test --filter KeyReferenceTests writes it anew")
  }
}
