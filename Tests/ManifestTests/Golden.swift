import Foundation
import Testing

/// Compares text with a file kept beside the tests. A missing file fails; `RECORD=1` writes it.
func expectGolden(_ text: String, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(path)
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
  }
  guard let expected = try? String(contentsOf: file, encoding: .utf8) else {
    Issue.record("\(path) is missing (RECORD=1 writes it)", sourceLocation: sourceLocation)
    return
  }
  #expect(text == expected, "differs from \(path)", sourceLocation: sourceLocation)
}
