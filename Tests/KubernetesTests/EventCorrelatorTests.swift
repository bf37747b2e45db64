import Testing

@testable import Kubernetes

@Suite struct EventCorrelatorTests {
  private var correlator = EventCorrelator(component: "op", instance: "pod-1")
  private var now = MonotonicInstant(nanoseconds: 0)
  private var wall = Timestamp(seconds: 1_000_000)

  private func draft(_ message: String, name: String = "line-1", version: String? = nil) -> EventDraft {
    let about = ObjectReference(
      apiVersion: "fabgitops.io/v1", kind: "IndustrialPLC", namespace: "a", name: name, uid: "u",
      resourceVersion: version)
    return EventDraft(about: about, kind: .warning, reason: "DriftDetected", message: message)
  }

  private mutating func take(_ draft: EventDraft, after seconds: Int = 1) -> EventCorrelator.Decision {
    now = now.advanced(by: .seconds(seconds))
    wall.seconds += Int64(seconds)
    return correlator.take(draft, at: now, wall: wall)
  }

  @Test mutating func theFirstIsCreatedWhole() throws {
    guard case .create(let event) = take(draft("drifted")) else { return fail("not created") }
    #expect(event.metadata.namespace == "a")
    #expect(event.metadata.name?.hasPrefix("line-1.") == true)
    #expect(event.type == "Warning" && event.reason == "DriftDetected" && event.message == "drifted")
    #expect(event.count == 1 && event.source?.component == "op" && event.reportingInstance == "pod-1")
    #expect(
      event.firstTimestamp == Timestamp(seconds: 1_000_001) && event.lastTimestamp == event.firstTimestamp)
  }

  @Test mutating func theSameAgainRaisesTheCount() throws {
    guard case .create(let event) = take(draft("drifted", version: "1")) else { return fail("not created") }
    guard case .patch(let name, let namespace, let patch, let whole) = take(draft("drifted", version: "2"))
    else {
      return fail("not patched")
    }
    #expect(name == event.metadata.name && namespace == "a")
    #expect(patch == ["count": 2, "lastTimestamp": "1970-01-12T13:46:42Z", "message": "drifted"])
    #expect(whole.count == 2 && whole.firstTimestamp == event.firstTimestamp)
  }

  @Test mutating func manySimilarOnesAreCombined() throws {
    for index in 0..<10 {
      guard case .create = take(draft("drifted to \(index)")) else { return fail("\(index) not created") }
    }
    guard case .create(let combined) = take(draft("drifted to 10")) else { return fail("not created") }
    #expect(combined.message == "(combined from similar events): drifted to 10")
    guard case .patch(let name, _, let patch, _) = take(draft("drifted to 11")) else {
      return fail("not patched")
    }
    #expect(name == combined.metadata.name)
    #expect(patch["count"] == 2 && patch["message"] == "(combined from similar events): drifted to 11")
    // Another object is not affected, nor is the same one after a quiet time.
    guard case .create(let other) = take(draft("drifted to 12", name: "line-2")) else {
      return fail("not created")
    }
    #expect(other.message == "drifted to 12")
    guard case .create(let later) = take(draft("drifted to 13"), after: 601) else {
      return fail("not created")
    }
    #expect(later.message == "drifted to 13")
  }

  @Test mutating func eachObjectHasABudgetThatComesBack() {
    var decisions: [EventCorrelator.Decision] = []
    for _ in 0..<40 { decisions.append(take(draft("same"), after: 0)) }
    #expect(decisions.filter { $0 == .dropped }.count == 15)
    #expect(take(draft("same", name: "line-2"), after: 0) != .dropped)
    #expect(take(draft("same"), after: 299) == .dropped)
    // What was dropped was counted.
    guard case .patch(_, _, let patch, _) = take(draft("same"), after: 1) else { return fail("dropped") }
    #expect(patch["count"] == 42)
    #expect(take(draft("same"), after: 0) == .dropped)
  }

  @Test mutating func memoryIsLimited() {
    var configuration = EventCorrelator.Configuration()
    configuration.capacity = 16
    correlator = EventCorrelator(component: "op", instance: "i", configuration: configuration)
    for index in 0..<1000 { _ = take(draft("m\(index)", name: "line-\(index)")) }
    var cache = RecentlyUsed<Int, Int>(capacity: 16)
    for index in 0..<1000 {
      cache[index] = index
      _ = cache[0]
      #expect(cache.count <= 16)
    }
    #expect(cache[0] == 0 && cache[999] == 999 && cache[500] == nil)
  }

  @Test mutating func longTextsAreCut() {
    let long = String(repeating: "x", count: 5000)
    guard case .create(let event) = take(draft(long, name: String(repeating: "n", count: 253))) else {
      return fail("not created")
    }
    #expect(event.message?.count == 1024)
    #expect((event.metadata.name?.count ?? 0) <= 253)
  }
}
