import Synchronization
import Testing

@testable import Kubernetes

/// What an informer told, in words, to be waited for.
final class Told: Sendable {
  private let words = Mutex<[String]>([])

  func add(_ event: InformerEvent<DynamicObject>) {
    let text: String
    switch event {
    case .upsert(let object):
      text = "upsert \(object.metadata.name ?? "") \(object.metadata.resourceVersion ?? "")"
    case .delete(let key, _): text = "delete \(key.name)"
    case .undecodable(let failure): text = "undecodable \(failure.key.name)"
    case .synced: text = "synced"
    case .troubled: text = "troubled"
    case .recovered: text = "recovered"
    }
    words.withLock { $0.append(text) }
  }

  var all: [String] { words.withLock { $0 } }

  func wait(for word: String, count: Int = 1) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while all.filter({ $0 == word }).count < count {
      guard ContinuousClock.now < deadline else {
        Issue.record("never told \(word): \(all)")
        return
      }
      try await Task.sleep(for: .milliseconds(5))
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct InformerTests {
  func follow(
    _ server: ScriptedServer, _ body: (Told) async throws -> Void
  ) async throws -> [String] {
    var configuration = Reflector<DynamicObject>.Configuration(pageSize: 2)
    configuration.backoff = Backoff(base: .milliseconds(5), cap: .milliseconds(20))
    configuration.shortestWatch = .zero
    let informer = Informer<DynamicObject>(
      server.client { $0.retry = .never }, .configMaps, configuration: configuration, seed: 1)
    let told = Told()
    let task = Task { await informer.run { told.add($0) } }
    try await body(told)
    task.cancel()
    await task.value
    return told.all
  }

  @Test func followsThroughCutsHalfLinesAndExpiry() async throws {
    let lines = eventLine("MODIFIED", objectJSON("a", version: 11)) + bookmarkLine(12)
    let added = eventLine("ADDED", objectJSON("c", version: 13))
    let server = try await ScriptedServer.start { request, _ in
      guard request.query["watch"] != nil else {
        return request.query["continue"] == "t"
          ? .list([objectJSON("b", version: 2)], version: "10")
          : .list([objectJSON("a", version: 1)], version: "10", token: "t")
      }
      switch request.query["resourceVersion"] {
      // Byte by byte, then a cut in the middle of a line.
      case "10": return .stream(lines.map(String.init) + [String(added.prefix(30))], end: [.close])
      // The half line comes again, whole, and the stream ends in order.
      case "12": return .stream([added])
      case "13": return .stream([goneLine()], end: [.hang])
      default: return [.hang]
      }
    }
    let told = try await follow(server) { told in
      try await told.wait(for: "synced", count: 2)
    }
    #expect(
      told.prefix(9) == [
        "upsert a 1", "upsert b 2", "synced", "upsert a 11", "troubled", "recovered", "upsert c 13",
        "upsert a 1",
        "delete c",
      ])
  }

  @Test func refusalsAreToldOnceAndEndInRecovery() async throws {
    let server = try await ScriptedServer.start { request, count in
      if request.query["watch"] != nil { return .stream([], end: [.hang]) }
      return count < 4 ? .status(403, "Forbidden", "no") : .list([objectJSON("a", version: 1)], version: "1")
    }
    let told = try await follow(server) { try await $0.wait(for: "synced") }
    #expect(told == ["troubled", "recovered", "upsert a 1", "synced"])
  }

  @Test func aSilentWatchIsOpenedAgain() async throws {
    let server = try await ScriptedServer.start { request, count in
      guard request.query["watch"] != nil else { return .list([], version: "1") }
      return count < 3
        ? .stream([], end: [.hang]) : .stream([eventLine("ADDED", objectJSON("z", version: 5))], end: [.hang])
    }
    let informer = Informer<DynamicObject>(
      server.client { $0.longestSilence = .milliseconds(200) }, .configMaps,
      configuration: .init(
        backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1)), shortestWatch: .zero), seed: 1)
    let told = Told()
    let task = Task { await informer.run { told.add($0) } }
    try await told.wait(for: "upsert z 5")
    task.cancel()
    await task.value
    #expect(told.all == ["synced", "upsert z 5"])
  }

  @Test func garbageAndHugeLinesOnlyCostARetry() async throws {
    let server = try await ScriptedServer.start { request, count in
      guard request.query["watch"] != nil else { return .list([], version: "1") }
      switch count {
      case 1: return .stream(["garbage\n"], end: [.hang])
      case 2: return .stream([String(repeating: "x", count: 5000)], end: [.hang])
      case 3: return [.text("not http at all\r\n\r\n"), .close]
      default: return .stream([eventLine("ADDED", objectJSON("z", version: 5))], end: [.hang])
      }
    }
    let informer = Informer<DynamicObject>(
      server.client { $0.maxLineBytes = 2000 }, .configMaps,
      configuration: .init(backoff: Backoff(base: .milliseconds(1), cap: .milliseconds(1))), seed: 1)
    let told = Told()
    let task = Task { await informer.run { told.add($0) } }
    try await told.wait(for: "upsert z 5")
    task.cancel()
    await task.value
    #expect(told.all.first == "synced" && told.all.last == "upsert z 5" && told.all.contains("troubled"))
  }
}
