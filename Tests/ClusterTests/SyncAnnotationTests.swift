import Cluster
import Control
import Kubernetes
import Manifest
import Testing

@Suite struct SyncAnnotationTests {
  @Test func whatIsAskedIsRead() {
    let asked = SyncAnnotation(
      request: "2026-01-02T03:04:05Z", force: true, registers: ["a", "b"], by: "anna")
    let annotations = asked.patch["metadata"]?["annotations"]?.objectValue ?? [:]
    #expect(SyncAnnotation(annotations: annotations.compactMapValues(\.stringValue)) == asked)
  }

  @Test func anOrdinaryRequestTakesForceAway() {
    let patch = SyncAnnotation(request: "x").patch
    #expect(patch["metadata"]?["annotations"]?[PLCAnnotation.forceSync] == .null)
    #expect(SyncAnnotation(annotations: [:]) == nil)
    #expect(SyncAnnotation(annotations: [PLCAnnotation.lastSyncRequest: ""]) == nil)
  }
}

@Suite struct ShelfAnnotationTests {
  @Test func shelvesSurviveTheirText() throws {
    let shelves = [
      Shelf(
        by: "anna", since: WallTime(milliseconds: 1_000_000), until: WallTime(milliseconds: 2_000_000),
        reason: "\"valve\" stuck"),
      Shelf(
        by: "bob", since: WallTime(milliseconds: 0), until: WallTime(milliseconds: 3_000_000), reason: "test",
        register: "zone1"),
    ]
    let text = try #require(ShelfAnnotation.text(shelves))
    #expect(try ShelfAnnotation.shelves(text) == shelves)
    #expect(ShelfAnnotation.text([]) == nil)
  }

  @Test(arguments: [
    ("", "not a JSON list"), ("{}", "not a JSON list"), ("[{}]", "[0].until: not an RFC 3339 time"),
    (#"[{"until":"2026-01-02T03:04:05Z"}]"#, "[0].reason: is required"),
  ])
  func whatCannotBeReadIsNamed(text: String, words: String) {
    #expect {
      try ShelfAnnotation.shelves(text)
    } throws: { "\($0)".hasSuffix(words) }
  }
}
