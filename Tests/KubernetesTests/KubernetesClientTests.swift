import Foundation
import Synchronization
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(5))) struct KubernetesClientTests {
  func get(_ client: KubernetesClient) async throws(ClientError) -> DynamicObject {
    try await client.get(.configMaps, namespace: "a", name: "x")
  }

  func failure<Value>(_ body: () async throws -> Value) async -> ClientError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? ClientError
    }
  }

  @Test func sendsWhatTheConfigurationSays() async throws {
    let server = try await ScriptedServer.start { _, _ in .answer(200, objectJSON("x", version: 1)) }
    var configuration = server.configuration
    configuration.login = .token(Secret("t0"))
    configuration.server.pathPrefix = "/k8s/c-1"
    var impersonation = ClusterConfiguration.Impersonation(user: "u")
    impersonation.groups = ["g", "h"]
    impersonation.extra = ["a/b": ["v"]]
    configuration.impersonation = impersonation
    let client = KubernetesClient(configuration)
    let object = try await get(client)
    #expect(object.metadata.resourceVersion == "1")
    #expect(object.json["data"]?["v"] == "1")
    let request = try #require(server.requests.first)
    #expect(request.uri == "/k8s/c-1/api/v1/namespaces/a/configmaps/x")
    #expect(request.headers["authorization"] == ["Bearer t0"])
    #expect(request.headers["impersonate-user"] == ["u"])
    #expect(request.headers["impersonate-group"] == ["g", "h"])
    #expect(request.headers["impersonate-extra-a%2fb"] == ["v"])
    #expect(request.headers["host"] == ["127.0.0.1:\(server.port)"])
  }

  @Test func waitsAsAskedAfter429AndTriesAgain() async throws {
    let server = try await ScriptedServer.start { _, count in
      count < 2
        ? .status(429, "TooManyRequests", "slow down", headers: ["retry-after: 1"])
        : .answer(201, objectJSON("x", version: 1))
    }
    let started = ContinuousClock.now
    let object = try DynamicObject(json: ["metadata": ["name": "x"]])
    _ = try await server.client().create(.configMaps, object, namespace: "a")
    #expect(started.duration(to: .now) >= .seconds(2))
    #expect(server.requests.map(\.method) == ["POST", "POST", "POST"])
    #expect(
      String(decoding: server.requests[2].body, as: UTF8.self)
        == #"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"}}"#)
  }

  @Test func givesUpInTheEndWithTheServersWords() async throws {
    let server = try await ScriptedServer.start { _, _ in .status(503, "ServiceUnavailable", "etcd is away") }
    let error = await failure { try await get(server.client()) }
    #expect(server.requests.count == 5)
    #expect(
      error?.description
        == "get configmaps \"x\" in namespace \"a\": the API server is unavailable (503): etcd is away")
  }

  @Test func aPostWhoseFateIsUnknownIsNotRepeated() async throws {
    let server = try await ScriptedServer.start { _, _ in [.close] }
    let object = try DynamicObject(json: ["metadata": ["name": "x"]])
    let error = await failure { try await server.client().create(.configMaps, object, namespace: "a") }
    #expect(server.requests.count == 1)
    guard case .transport(let failure)? = error else { return #expect(error == nil) }
    #expect(failure.kind == .broken)
    _ = await self.failure { try await get(server.client()) }
    #expect(server.requests.count == 6)
  }

  @Test func nothingListeningIsAConnectFailure() async throws {
    let server = try await ScriptedServer.start { _, _ in [.close] }
    var configuration = server.configuration
    configuration.server.port = 1
    var options = KubernetesClient.Options()
    options.retry = .never
    let error = await failure { try await get(KubernetesClient(configuration, options: options)) }
    #expect(error?.description == "cannot connect to http://127.0.0.1:1: Connection refused")
  }

  @Test func answersThatAreNoStatusAreQuoted() async throws {
    let server = try await ScriptedServer.start { _, _ in .answer(418, "<html>\u{1B}teapot</html>") }
    let error = await failure { try await get(server.client()) }
    #expect(error?.description == #"get configmaps "x" in namespace "a": HTTP 418: <html> teapot</html>"#)
  }

  @Test func redirectsAreNotFollowed() async throws {
    let server = try await ScriptedServer.start { _, _ in
      .answer(307, "", headers: ["location: http://evil/"])
    }
    let error = await failure { try await get(server.client()) }
    #expect(error?.reason == .other)
  }

  @Test func aBodyIsReadOnlyUpToTheLimit() async throws {
    let server = try await ScriptedServer.start { _, _ in
      [
        .text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        .endless(Array("10000\r\n".utf8) + [UInt8](repeating: 0x20, count: 65_536) + Array("\r\n".utf8)),
      ]
    }
    let client = server.client { $0.maxBodyBytes = 1 << 20 }
    let error = await failure { try await get(client) }
    guard case .transport(let failure)? = error else { return #expect(error == nil) }
    #expect(failure.kind == .tooLarge)
    // What is in sockets' buffers comes on top.
    #expect(server.sentEndless < 32 << 20)
  }

  @Test func anEndlessErrorPageIsCutShort() async throws {
    let server = try await ScriptedServer.start { _, _ in
      [
        .text("HTTP/1.1 404 X\r\ntransfer-encoding: chunked\r\n\r\n"),
        .endless(Array("1000\r\n".utf8) + [UInt8](repeating: 0x78, count: 4096) + Array("\r\n".utf8)),
      ]
    }
    let error = await failure { try await get(server.client()) }
    #expect(error?.isNotFound == true)
  }

  @Test func aHugeLineIsRefused() async throws {
    let server = try await ScriptedServer.start { _, _ in
      [
        .text("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
        .endless(Array("10000\r\n".utf8) + [UInt8](repeating: 0x78, count: 65_536) + Array("\r\n".utf8)),
      ]
    }
    let client = server.client { $0.maxLineBytes = 1 << 20 }
    let error = await failure {
      let stream: WatchStream<DynamicObject> = try await client.watch(.configMaps, resourceVersion: "1")
      for try await _ in stream {}
    }
    guard case .transport(let failure)? = error else { return #expect(error == nil) }
    #expect(failure.kind == .tooLarge && failure.message == "a line is longer than 1048576 bytes")
    #expect(server.sentEndless < 32 << 20)
  }

  @Test func aServerThatHangsIsGivenUp() async throws {
    let server = try await ScriptedServer.start { request, _ in
      request.path.hasSuffix("/head")
        ? [.hang] : [.text("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"), .hang]
    }
    let client = server.client {
      $0.requestTimeout = .milliseconds(300)
      $0.retry = .never
    }
    for name in ["head", "body"] {
      let error = await failure {
        let _: DynamicObject = try await client.get(.configMaps, namespace: "a", name: name)
      }
      guard case .transport(let failure)? = error else { return #expect(error == nil) }
      #expect(failure.kind == .timeout)
    }
  }

  @Test func cancellingATaskCancelsItsRequest() async throws {
    let server = try await ScriptedServer.start { _, _ in [.hang] }
    let client = server.client()
    let task = Task { await failure { try await get(client) } }
    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
    while server.requests.isEmpty, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(5))
    }
    task.cancel()
    #expect(await task.value?.isCancelled == true)
  }

  @Test func a401BringsANewTokenOnce() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: file) }
    try Data("old".utf8).write(to: file)
    let server = try await ScriptedServer.start { request, _ in
      if request.headers["authorization"] == ["Bearer new"] {
        return .answer(200, objectJSON("x", version: 1))
      }
      // The file is replaced between the first answer and the second request.
      try? Data("new".utf8).write(to: file)
      return .status(401, "Unauthorized", "Unauthorized")
    }
    var configuration = server.configuration
    configuration.login = .tokenFile(file.path)
    _ = try await get(KubernetesClient(configuration))
    #expect(server.requests.count == 2)
    configuration.login = .token(Secret("constant"))
    let error = await failure { try await get(KubernetesClient(configuration)) }
    #expect(error?.reason == .unauthorized)
    #expect(server.requests.count == 3)
  }

  @Test func listsPageByPageAndSurvivesAnExpiredPage() async throws {
    let server = try await ScriptedServer.start { request, _ in
      switch (request.query["limit"], request.query["continue"]) {
      case ("2", nil):
        return .list([objectJSON("a", version: 1), objectJSON("b", version: 2)], version: "9", token: "t")
      case ("2", "t"): return .status(410, "Expired", "too old")
      default:
        return .list(
          ["a", "b", "c"].map { objectJSON($0, version: 3) } + [#"{"metadata":7}"#], version: "10")
      }
    }
    let list: ListPage<DynamicObject> = try await server.client().list(.configMaps, pageSize: 2)
    #expect(list.items.compactMap(\.metadata.name) == ["a", "b", "c"])
    #expect(list.undecodable.count == 1 && list.resourceVersion == "10")
  }

  @Test func anAnswerThatDoesNotFitNamesTheField() async throws {
    struct Typed: KubernetesObject {
      var metadata: ObjectMeta
      var data: [String: Int]
    }
    let server = try await ScriptedServer.start { _, _ in .answer(200, objectJSON("x", version: 1)) }
    let error = await failure {
      let _: Typed = try await server.client().get(.configMaps, namespace: "a", name: "x")
    }
    #expect(error?.description == #"get configmaps "x" in namespace "a": data.v: expected Int"#)
  }
}
