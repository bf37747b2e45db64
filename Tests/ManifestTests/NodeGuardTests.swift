import Testing

@testable import Manifest

/// Files that are small and would become large.
@Suite struct NodeGuardTests {
  private func messages(_ text: String) -> [String] {
    ManifestReader.parse(ManifestFile(name: "x.yaml", contents: Array(text.utf8))).diagnostics.map {
      "\($0)"
    }
  }

  @Test(arguments: [
    ("[", "a: ,", 1_048_500, "1]\n"), ("[", "{a,b},", 600_000, "1]\n"), ("", "-\n", 2_000_000, ""),
    ("", "--- a\n", 600_000, ""), ("{", "a,", 2_000_000, "}\n"), ("[", ",", 4_000_000, "]\n"),
    ("", "? a\n", 1_000_000, ""), ("[", "[],", 1_300_000, "]\n"),
  ])
  func aFileOfTooManyNodesIsRefusedUnparsed(_ first: String, _ unit: String, _ count: Int, _ last: String) {
    let text = "# IndustrialPLC\n" + first + String(repeating: unit, count: count) + last
    let found = messages(text)
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("x.yaml:") == true)
    #expect(found.first?.contains("too much memory: split the file") == true, "\(found)")
  }

  @Test func tenThousandDevicesLeaveAThirdToSpare() {
    let documents = (0..<10_000).map { index in
      """
      apiVersion: fabgitops.io/v1
      kind: IndustrialPLC
      metadata: { name: line-\(index) }
      spec: { deviceAddress: "10.0.0.1", port: 502, unitId: 1, targetRegister: 4001, targetValue: 2500, \
      pollIntervalSecs: 1, timeoutMs: 5000 }

      """
    }
    let bytes = Array(documents.joined(separator: "---\n").utf8)
    #expect(NodeGuard.problem(in: bytes) == nil)
    let most = SourceText.Limit.marks * 2 / 3
    #expect(bytes.count { ":,[{".utf8.contains($0) } <= most)
  }

  @Test func theLimitIsExactAndThePlaceIsTold() throws {
    let fill = String(repeating: ",", count: SourceText.Limit.marks - 1)
    #expect(NodeGuard.problem(in: Array("é-a-\n\(fill)".utf8)) == nil)
    let problem = try #require(NodeGuard.problem(in: Array("\(fill)-\n\n  é{x".utf8)))
    #expect(problem.position == SourcePosition(line: 3, column: 4))
  }
}
