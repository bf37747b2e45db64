/// Refuses files that would become a huge tree: a node takes a hundred times as much memory as its two bytes of text.
///
/// Counts the characters that can begin a node, wherever they stand, so never too few: each makes at most two nodes
/// on average. What is in comments and texts counts too, which ordinary manifests can well afford.
enum NodeGuard {
  static func problem(in bytes: [UInt8]) -> SourceText.Problem? {
    guard bytes.count > SourceText.Limit.marks else { return nil }
    var marks = 0
    var line = 1
    var lineStart = 0
    for (index, byte) in bytes.enumerated() {
      switch byte {
      case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"): marks += 1
      case UInt8(ascii: "-"), UInt8(ascii: "?"):
        if index + 1 == bytes.count || isBlank(bytes[index + 1]) { marks += 1 }
      case UInt8(ascii: "\n"):
        line += 1
        lineStart = index + 1
      default: break
      }
      if marks > SourceText.Limit.marks {
        return SourceText.Problem(
          position: SourcePosition(line: line, column: column(of: index, after: lineStart, in: bytes)),
          message:
            "more than \(SourceText.Limit.marks) of : , - [ { in one file, which would take too much memory:"
            + " split the file")
      }
    }
    return nil
  }

  private static func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\n")
      || byte == UInt8(ascii: "\r")
  }

  /// Columns are characters, not bytes.
  private static func column(of index: Int, after start: Int, in bytes: [UInt8]) -> Int {
    1 + bytes[start..<index].count { $0 & 0xC0 != 0x80 }
  }
}
