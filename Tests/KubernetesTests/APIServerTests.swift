import EnvTest
import Foundation
import Synchronization
import Testing

@testable import Kubernetes

/// One server for the tests that leave it as it is.
private let shared = Task {
  try await APIServer.start(tokens: [nobody, .serviceAccount("default", "viewer")])
}
private let nobody = APIServer.Token("nobody-token", user: "nobody", groups: ["system:authenticated"])

@Suite(.enabled(if: APIServer.isAvailable, "no kube-apiserver here"), .timeLimit(.minutes(10)))
struct APIServerTests {
  func configMap(_ name: String, _ data: [String: String] = [:]) throws -> DynamicObject {
    let data = JSONValue.object(data.mapValues { .string($0) })
    return try DynamicObject(json: ["metadata": ["name": .string(name)], "data": data])
  }

  func failure<Value>(_ body: () async throws -> Value) async -> ClientError? {
    do {
      _ = try await body()
      return nil
    } catch {
      return error as? ClientError
    }
  }

  /// A namespace of its own for each test.
  func namespace(_ client: KubernetesClient, _ name: String) async throws -> String {
    _ = try await client.create(.namespaces, DynamicObject(json: ["metadata": ["name": .string(name)]]))
    return name
  }

  @Test func createsReadsPatchesAndDeletes() async throws {
    let client = try await shared.value.client()
    let space = try await namespace(client, "crud")
    let made = try await client.create(.configMaps, configMap("x", ["a": "1"]), namespace: space)
    let again = await failure { try await client.create(.configMaps, configMap("x"), namespace: space) }
    #expect(again?.reason == .alreadyExists)

    let merged: DynamicObject = try await client.patch(
      .configMaps, namespace: space, name: "x", .merge, ["data": ["a": nil, "b": "2"]])
    #expect(merged.json["data"] == ["b": "2"])
    let stale = await failure {
      try await client.replace(.configMaps, made, namespace: space, name: "x")
    }
    #expect(stale?.isConflict == true)

    let wrongUID = await failure {
      try await client.delete(.configMaps, namespace: space, name: "x", options: .init(uid: "other"))
    }
    #expect(wrongUID?.isConflict == true)
    try await client.delete(.configMaps, namespace: space, name: "x", options: .init(uid: made.metadata.uid))
    let missing = await failure {
      let _: DynamicObject = try await client.get(.configMaps, namespace: space, name: "x")
    }
    #expect(missing?.isNotFound == true)
  }

  @Test func appliesOnTheServerAndNamesTheOwnerOfAConflict() async throws {
    let client = try await shared.value.client()
    let space = try await namespace(client, "apply")
    func apply(_ manager: String, _ value: String, force: Bool = false) async throws -> DynamicObject {
      try await client.patch(
        .configMaps, namespace: space, name: "x", .apply(manager: manager, force: force),
        ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": "x"], "data": ["k": .string(value)]])
    }
    #expect(try await apply("one", "1").json["data"] == ["k": "1"])
    #expect(try await apply("one", "2").json["data"] == ["k": "2"])
    let conflict = await failure { try await apply("two", "3") }
    #expect(conflict?.isConflict == true && conflict?.description.contains("one") == true)
    #expect(try await apply("two", "3", force: true).json["data"] == ["k": "3"])
  }

  @Test func namesTheFieldsOfAnInvalidObject() async throws {
    let client = try await shared.value.client()
    let error = await failure {
      try await client.create(.configMaps, configMap("Not A Name"), namespace: "default")
    }
    guard case .invalid(let causes)? = error?.reason else { return fail("\(String(describing: error))") }
    #expect(causes.map(\.field) == ["metadata.name"])
  }

  @Test func listsInPages() async throws {
    let client = try await shared.value.client()
    let space = try await namespace(client, "pages")
    for index in 0..<7 {
      _ = try await client.create(.configMaps, configMap("c\(index)"), namespace: space)
    }
    let first: ListPage<DynamicObject> = try await client.page(.configMaps, namespace: space, limit: 3)
    #expect(first.items.count == 3 && first.continueToken != nil)
    // Newer servers put a certificate into every namespace.
    let all: ListPage<DynamicObject> = try await client.list(.configMaps, namespace: space, pageSize: 3)
    let names = all.items.compactMap(\.metadata.name).filter { $0 != "kube-root-ca.crt" }
    #expect(names == (0..<7).map { "c\($0)" })
    let some: ListPage<DynamicObject> = try await client.list(
      .configMaps, namespace: space, selection: Selection(fields: "metadata.name=c4"))
    #expect(some.items.map(\.metadata.name) == ["c4"])
  }

  @Test func saysWhichPermissionIsMissing() async throws {
    let server = try await shared.value
    let viewer = server.client(.serviceAccount("default", "viewer"))
    let error = await failure {
      let _: ListPage<DynamicObject> = try await viewer.page(.configMaps, namespace: "default")
    }
    #expect(
      error?.reason == .forbidden(verb: "list", target: "configmaps in namespace \"default\""))
    let question = AccessQuestion("list", .configMaps, namespace: "default")
    #expect(try await !viewer.mayI(question))
    try server.kubectl(["create", "role", "viewer", "--verb=list", "--resource=configmaps"])
    try server.kubectl([
      "create", "rolebinding", "viewer", "--role=viewer", "--serviceaccount=default:viewer",
    ])
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while try await !viewer.mayI(question), ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(50))
    }
    let _: ListPage<DynamicObject> = try await viewer.page(.configMaps, namespace: "default")
  }

  @Test func refusesAnUnknownToken() async throws {
    var configuration = try await shared.value.configuration()
    configuration.login = .token(Secret("wrong"))
    let client = KubernetesClient(configuration)
    let error = await failure {
      let _: DynamicObject = try await client.get(.namespaces, name: "default")
    }
    #expect(error?.reason == .unauthorized)
  }

  @Test func verifiesTheServersCertificate() async throws {
    let server = try await shared.value
    func error(_ change: (inout ClusterConfiguration) -> Void) async -> ClientError? {
      var configuration = server.configuration()
      change(&configuration)
      let client = KubernetesClient(configuration)
      return await failure { let _: DynamicObject = try await client.get(.namespaces, name: "default") }
    }
    #expect(await error { _ in } == nil)
    #expect(await error { $0.trust = .anybody } == nil)
    #expect(await error { $0.tlsServerName = "kubernetes.default" } == nil)
    guard case .transport(let untrusted)? = await error({ $0.trust = .system }) else {
      return fail("trusted")
    }
    #expect(untrusted.kind == .tls && untrusted.message.contains("is not trusted"))
    guard case .credentials(let missing)? = await error({ $0.trust = .authorities(.file("/no/ca.crt")) })
    else {
      return fail("no file needed")
    }
    #expect(missing.message == "certificate authority /no/ca.crt cannot be read: No such file or directory")
  }

  @Test func logsInWithAPluginNamedInAKubeconfig() async throws {
    let server = try await shared.value
    let text = """
      current-context: c
      clusters: [{name: c, cluster: {server: "\(server.url)", certificate-authority: certs/apiserver.crt}}]
      users:
      - name: u
        user:
          exec:
            apiVersion: client.authentication.k8s.io/v1beta1
            command: ./plugin
            env: [{name: TOKEN, value: \(APIServer.Token.admin.token)}]
      contexts: [{name: c, context: {cluster: c, user: u, namespace: default}}]
      """
    let plugin = server.directory.appendingPathComponent("plugin")
    let script = """
      #!/bin/sh
      printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"%s"}}' $TOKEN
      """
    try Data(script.utf8).write(to: plugin)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: plugin.path)
    let file = server.directory.appendingPathComponent("plugin-kubeconfig")
    try Data(text.utf8).write(to: file)
    let configuration = try ClusterConfiguration.discover(kubeconfig: file.path, environment: [:])
    let client = KubernetesClient(configuration)
    let object: DynamicObject = try await client.get(.namespaces, name: "default")
    #expect(object.metadata.name == "default")
  }

  @Test func patchesAStatusSubresourceOfATypedResource() async throws {
    struct Gadget: KubernetesObject {
      struct Spec: Codable, Hashable, Sendable { var port: Int }
      struct Status: Codable, Hashable, Sendable { var phase: String? }
      var metadata: ObjectMeta
      var spec: Spec
      var status: Status?
    }
    let server = try await shared.value
    let client = server.client()
    let gadgets = ResourceType(group: "test.example", version: "v1", plural: "gadgets", kind: "Gadget")
    let definition = """
      apiVersion: apiextensions.k8s.io/v1
      kind: CustomResourceDefinition
      metadata: {name: gadgets.test.example}
      spec:
        group: test.example
        scope: Namespaced
        names: {plural: gadgets, singular: gadget, kind: Gadget}
        versions:
        - name: v1
          served: true
          storage: true
          subresources: {status: {}}
          schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
      """
    try server.kubectl(["apply", "-f", "-"], input: definition)
    try server.kubectl(["wait", "--for=condition=Established", "--timeout=60s", "crd/gadgets.test.example"])
    let gadget = Gadget(metadata: ObjectMeta(name: "g"), spec: .init(port: 502))
    let deadline = ContinuousClock.now.advanced(by: .seconds(60))
    while true {
      let error = await failure { try await client.create(gadgets, gadget, namespace: "default") }
      if error == nil { break }
      // Discovery may lag behind the condition.
      guard error?.isNotFound == true, ContinuousClock.now < deadline else {
        return fail("\(String(describing: error))")
      }
      try await Task.sleep(for: .milliseconds(100))
    }
    let patched: Gadget = try await client.patch(
      gadgets, namespace: "default", name: "g", subresource: "status", .merge,
      ["status": ["phase": "Connected"], "spec": ["port": 1]])
    #expect(patched.status?.phase == "Connected" && patched.spec.port == 502)
  }

  @Test func postsEventsAndRaisesTheirCount() async throws {
    let client = try await shared.value.client()
    let space = try await namespace(client, "events")
    let recorder = EventRecorder(client, correlator: EventCorrelator(component: "tester", instance: "t-1"))
    let about = ObjectReference(apiVersion: "v1", kind: "ConfigMap", namespace: space, name: "x", uid: "u-1")
    for _ in 0..<3 {
      recorder.tell(EventDraft(about: about, kind: .warning, reason: "DriftDetected", message: "2500 → 2400"))
    }
    recorder.tell(EventDraft(about: about, kind: .normal, reason: "DriftCorrected", message: "2400 → 2500"))
    recorder.finish()
    await recorder.run()
    #expect(recorder.lastError == nil && recorder.counts == .init(posted: 4))
    let events: ListPage<CoreEvent> = try await client.list(.events, namespace: space)
    let summary = events.items.map { "\($0.reason ?? "") \($0.count ?? 0) \($0.type ?? "")" }
    #expect(summary.sorted() == ["DriftCorrected 1 Normal", "DriftDetected 3 Warning"])
  }

  @Test func aWatchFromForgottenHistoryIsGone() async throws {
    let server = try await APIServer.start()
    defer { server.stop() }
    let client = server.client()
    for index in 0..<3 {
      _ = try await client.create(.configMaps, configMap("c\(index)"), namespace: "default")
    }
    // A new server has no memory of its own: what etcd has forgotten is gone.
    server.stopServer()
    try await server.compact()
    try await server.startServer()
    let stream: WatchStream<DynamicObject>
    do throws(ClientError) {
      stream = try await client.watch(.configMaps, resourceVersion: "1", timeoutSeconds: 5)
    } catch {
      #expect(error.isGone)
      return
    }
    for try await event in stream {
      guard case .error(let error) = event else { continue }
      #expect(error.reason == .gone)
      return
    }
    Issue.record("the watch was accepted")
  }

  /// The server goes away; while it is away an object vanishes and history with it; the informer says so.
  @Test func anInformerFindsWhatVanishedDuringAnOutage() async throws {
    let server = try await APIServer.start()
    defer { server.stop() }
    let client = server.client()
    let space = try await namespace(client, "outage")
    for name in ["stays", "goes"] {
      _ = try await client.create(.configMaps, configMap(name), namespace: space)
    }
    let informer = Informer<DynamicObject>(
      client, .configMaps, namespace: space,
      configuration: .init(pageSize: 1, backoff: Backoff(base: .milliseconds(100), cap: .seconds(1))))
    let told = ToldNames()
    let task = Task { await informer.run { told.add($0) } }
    try await told.wait { $0.names == ["goes", "stays"] && $0.syncs == 1 }
    _ = try await client.create(.configMaps, configMap("new"), namespace: space)
    try await told.wait { $0.names == ["goes", "new", "stays"] }
    server.stopServer()
    try await told.wait { $0.isTroubled }
    try await server.erase("configmaps", namespace: space, name: "goes")
    try await server.compact()
    try await server.startServer()
    try await told.wait { $0.names == ["new", "stays"] && !$0.isTroubled }
    try await client.delete(.configMaps, namespace: space, name: "new")
    try await told.wait { $0.names == ["stays"] }
    task.cancel()
    await task.value
  }

  @Test func twoElectorsAndAHandOver() async throws {
    let server = try await shared.value
    let client = server.client()
    let space = try await namespace(client, "election")
    func elector(_ identity: String) throws -> LeaderElector {
      LeaderElector(
        client, namespace: space, name: "lock",
        configuration: try .init(
          identity: identity, leaseDuration: .seconds(120), renewDeadline: .seconds(100),
          retryPeriod: .milliseconds(200)))
    }
    let first = try elector("first")
    let second = try elector("second")
    let one = Task { await first.run { _ in } }
    func wait(_ elector: LeaderElector) async throws {
      let deadline = ContinuousClock.now.advanced(by: .seconds(180))
      while elector.writeDeadline == nil, ContinuousClock.now < deadline {
        try await Task.sleep(for: .milliseconds(10))
      }
      #expect(elector.mayWrite(until: .now()))
    }
    try await wait(first)
    let observed = Mutex<[LeaderElector.Event]>([])
    let two = Task { await second.run { event in observed.withLock { $0.append(event) } } }
    try await Task.sleep(for: .milliseconds(600))
    #expect(second.writeDeadline == nil)
    one.cancel()
    await one.value
    #expect(first.writeDeadline != nil)
    await first.release()
    #expect(first.writeDeadline == nil)
    // Far sooner than the lease would have run out.
    let released = ContinuousClock.now
    try await wait(second)
    #expect(released.duration(to: .now) < .seconds(110))
    two.cancel()
    await two.value
    #expect(observed.withLock { $0 } == [.observed(leader: "first"), .elected])
    let lease: Lease = try await client.get(.leases, namespace: space, name: "lock")
    #expect(lease.spec?.holderIdentity == "second" && lease.spec?.leaseTransitions == 1)
    let path = "jsonpath={.spec.holderIdentity}"
    #expect(try server.kubectl(["get", "lease", "lock", "-n", space, "-o", path]) == "second")
  }
}

/// What an informer has announced and not taken back.
private final class ToldNames: Sendable {
  struct Picture: Sendable {
    var names: Set<String> = []
    var syncs = 0
    var isTroubled = false
  }

  private let picture = Mutex(Picture())

  func add(_ event: InformerEvent<DynamicObject>) {
    picture.withLock { picture in
      switch event {
      case .upsert(let object):
        // Newer servers put a certificate into every namespace.
        if let name = object.metadata.name, name != "kube-root-ca.crt" { picture.names.insert(name) }
      case .delete(let key, _): picture.names.remove(key.name)
      case .synced: picture.syncs += 1
      case .troubled: picture.isTroubled = true
      case .recovered: picture.isTroubled = false
      case .undecodable(let failure): Issue.record("\(failure)")
      }
    }
  }

  func wait(until isReached: (Picture) -> Bool) async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    while !isReached(picture.withLock { $0 }) {
      guard ContinuousClock.now < deadline else {
        Issue.record("not reached: \(picture.withLock { $0 })")
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
