import Testing

@testable import Kubernetes

@Suite struct WatchDecoderTests {
  static let stream =
    eventLine("ADDED", objectJSON("a", version: 1)) + "\r\n"
    + eventLine("MODIFIED", objectJSON("a", version: 2))
    + bookmarkLine(5) + eventLine("NOVELTY", "{}") + eventLine("DELETED", objectJSON("ä😀", version: 6))
    + goneLine()

  func describe(_ events: [WatchEvent<DynamicObject>]) -> [String] {
    events.map { event in
      switch event {
      case .added(let object): return "added \(object.key) \(object.metadata.resourceVersion ?? "")"
      case .modified(let object): return "modified \(object.key) \(object.metadata.resourceVersion ?? "")"
      case .deleted(let object): return "deleted \(object.key) \(object.metadata.resourceVersion ?? "")"
      case .bookmark(let version): return "bookmark \(version)"
      case .error(let error): return "error \(error.reason)"
      case .undecodable(let failure): return "undecodable \(failure)"
      }
    }
  }

  static let expected = ["added a/a 1", "modified a/a 2", "bookmark 5", "deleted a/ä😀 6", "error gone"]

  @Test func byteByByte() throws {
    var decoder = WatchDecoder<DynamicObject>(target: "t")
    var events: [WatchEvent<DynamicObject>] = []
    for byte in Self.stream.utf8 { events += try decoder.feed([byte]) }
    #expect(describe(events) == Self.expected)
    #expect(!decoder.hasPartialEvent)
  }

  @Test func anyCutGivesTheSameEvents() throws {
    let bytes = Array(Self.stream.utf8)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var decoder = WatchDecoder<DynamicObject>(target: "t")
      var events: [WatchEvent<DynamicObject>] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...120, using: &generator))
        events += try decoder.feed(piece)
        rest = rest.dropFirst(piece.count)
      }
      #expect(describe(events) == Self.expected, "seed \(seed)")
    }
  }

  @Test func aHalfLineIsNoEvent() throws {
    var decoder = WatchDecoder<DynamicObject>(target: "t")
    let line = eventLine("ADDED", objectJSON("a", version: 1))
    #expect(try decoder.feed(line.utf8.dropLast()).isEmpty)
    #expect(decoder.hasPartialEvent)
    #expect(try decoder.feed(Array("\n".utf8)).count == 1)
  }

  @Test func aLineIsRefusedBeforeItIsComplete() throws {
    var decoder = WatchDecoder<DynamicObject>(target: "t", maxLineBytes: 100)
    #expect(try decoder.feed([UInt8](repeating: 0x20, count: 100)).isEmpty)
    let error = #expect(throws: LineTooLong.self) { try decoder.feed([0x20]) }
    #expect(error?.limit == 100)
  }

  @Test(arguments: [
    "null", "[]", "{}", #"{"type":"ADDED"}"#, "nonsense", #"{"type":"BOOKMARK","object":{}}"#,
  ])
  func whatIsNoEventIsAnError(line: String) {
    var decoder = WatchDecoder<DynamicObject>(target: "t")
    #expect(throws: WatchLineError.self) { try decoder.feed(Array((line + "\n").utf8)) }
  }

  struct Typed: KubernetesObject {
    struct Spec: Hashable, Codable, Sendable { var port: Int }
    var metadata: ObjectMeta
    var spec: Spec
  }

  @Test func anObjectThatDoesNotFitIsNamedAndTheOthersGoOn() throws {
    var decoder = WatchDecoder<Typed>(target: "t")
    let bad =
      #"{"metadata":{"name":"x","namespace":"a","uid":"u","resourceVersion":"3"},"spec":{"port":"high"}}"#
    let good = #"{"metadata":{"name":"y","namespace":"a"},"spec":{"port":7}}"#
    let text = eventLine("ADDED", bad) + eventLine("DELETED", bad) + eventLine("ADDED", good)
    let events = try decoder.feed(Array(text.utf8))
    guard events.count == 3, case .undecodable(let first) = events[0],
      case .undecodable(let second) = events[1],
      case .added(let object) = events[2]
    else {
      Issue.record("\(events)")
      return
    }
    #expect(first.description == "a/x: spec.port: expected Int")
    #expect(!first.isDeletion && second.isDeletion)
    #expect(first.json["spec"]?["port"] == "high")
    #expect(object.spec.port == 7)
  }

  @Test func survivesDamage() {
    let whole = Array(Self.stream.utf8)
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<2000 {
      var bytes = whole
      bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
      var decoder = WatchDecoder<DynamicObject>(target: "t", maxLineBytes: 300)
      _ = try? decoder.feed(bytes)
    }
  }
}
