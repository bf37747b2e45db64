import Foundation
import Terminal
import Testing

/// Compares a screen with the one in `Goldens/`; `RECORD=1` writes it instead. A missing golden fails.
func expectGolden(_ frame: Frame, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
  let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Goldens")
  let file = folder.appendingPathComponent("\(name).txt")
  let text = frame.text
  if ProcessInfo.processInfo.environment["RECORD"] == "1" {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try text.write(to: file, atomically: true, encoding: .utf8)
    return
  }
  guard let golden = try? String(contentsOf: file, encoding: .utf8) else {
    Issue.record(
      "no golden \(name): run with RECORD=1 and look at what it writes", sourceLocation: sourceLocation)
    return
  }
  guard golden != text else { return }
  let old = golden.split(separator: "\n", omittingEmptySubsequences: false)
  let new = text.split(separator: "\n", omittingEmptySubsequences: false)
  var report = "\(name) is not as it was:\n"
  for line in 0..<max(old.count, new.count) {
    let before = line < old.count ? old[line] : ""
    let after = line < new.count ? new[line] : ""
    if before != after { report += "\(line + 1)- \(before)\n\(line + 1)+ \(after)\n" }
  }
  Issue.record(Comment(rawValue: report), sourceLocation: sourceLocation)
}

/// A name that `SourceLocation` of Fleet does not hide.
typealias SourceLocation = Testing.SourceLocation
