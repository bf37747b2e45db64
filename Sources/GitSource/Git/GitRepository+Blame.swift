import Control
import Manifest

/// Who last changed a line.
struct BlamedLine: Hashable, Sendable {
  var commit: String
  var author: String
  var time: WallTime
  var subject: String
}

extension GitRepository {
  /// Who last changed each line of a file of a commit; index 0 is line 1.
  func blame(_ path: String, at commit: String) async throws(GitFailure) -> [BlamedLine] {
    let output = try await require(
      ["blame", "--porcelain", "--no-textconv", "--encoding=UTF-8", commit, "--", path], limit: 64 << 20)
    return Self.blamedLines(output.bytes)
  }

  /// The porcelain format: a header line per line of the file (`object original final [count]`), details of a
  /// commit when it first appears, then the text behind a tab.
  static func blamedLines(_ bytes: [UInt8]) -> [BlamedLine] {
    var known: [String: BlamedLine] = [:]
    var lines: [BlamedLine] = []
    var current = ""
    for record in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      if record.first == UInt8(ascii: "\t") {
        lines.append(
          known[current]
            ?? BlamedLine(commit: current, author: "", time: WallTime(milliseconds: 0), subject: ""))
        continue
      }
      let text = String(decoding: record, as: UTF8.self)
      let (key, value) = split(text)
      switch key {
      case "author": known[current]?.author = PrintableText.escaped(value, limit: 100)
      case "author-time": known[current]?.time = time(value)
      case "summary": known[current]?.subject = PrintableText.escaped(value, limit: 200)
      default:
        guard isObjectName(key) else { continue }
        current = key
        if known[key] == nil {
          known[key] = BlamedLine(commit: key, author: "", time: WallTime(milliseconds: 0), subject: "")
        }
      }
    }
    return lines
  }

  private static func split(_ text: String) -> (key: String, value: String) {
    guard let space = text.firstIndex(of: " ") else { return (text, "") }
    return (String(text[..<space]), String(text[text.index(after: space)...]))
  }
}
