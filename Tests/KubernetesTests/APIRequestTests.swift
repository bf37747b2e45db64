import Testing

@testable import Kubernetes

@Suite struct APIRequestTests {
  static let plc = ResourceType(
    group: "fabgitops.io", version: "v1", plural: "industrialplcs", kind: "IndustrialPLC")

  @Test func buildsPaths() throws {
    let get = try APIRequest.get(Self.plc, namespace: "a", name: "line-1", subresource: "status")
    #expect(get.pathAndQuery == "/apis/fabgitops.io/v1/namespaces/a/industrialplcs/line-1/status")
    #expect(get.target == #"industrialplcs.fabgitops.io/status "line-1" in namespace "a""#)
    let list = try APIRequest.list(
      Self.plc, selection: Selection(labels: "zone in (a,b)", fields: "x=y"), limit: 500,
      continueToken: "a/b+c=")
    #expect(
      list.pathAndQuery
        == "/apis/fabgitops.io/v1/industrialplcs?labelSelector=zone%20in%20%28a%2Cb%29&fieldSelector=x%3Dy"
        + "&limit=500&continue=a%2Fb%2Bc%3D")
    let watch = try APIRequest.watch(.events, namespace: "n", resourceVersion: "12", timeoutSeconds: 300)
    #expect(
      watch.pathAndQuery
        == "/api/v1/namespaces/n/events?watch=true&allowWatchBookmarks=true&resourceVersion=12&timeoutSeconds=300"
    )
    #expect(watch.isStream && watch.verb == "watch")
  }

  @Test func buildsPatchesAndDeletes() throws {
    let apply = try APIRequest.patch(
      Self.plc, namespace: "a", name: "l", subresource: "status", .apply(manager: "op", force: true), body: []
    )
    #expect(apply.pathAndQuery.hasSuffix("/l/status?fieldManager=op&force=true"))
    #expect(apply.contentType == "application/apply-patch+yaml")
    let merge = try APIRequest.patch(Self.plc, namespace: "a", name: "l", .merge, body: [])
    #expect(merge.contentType == "application/merge-patch+json" && merge.query.isEmpty)
    let delete = try APIRequest.delete(
      Self.plc, namespace: "a", name: "l", options: .init(uid: "u", propagation: .foreground))
    #expect(
      String(decoding: delete.body ?? [], as: UTF8.self)
        == #"{"apiVersion":"v1","kind":"DeleteOptions","preconditions":{"uid":"u"},"propagationPolicy":"Foreground"}"#
    )
  }

  @Test func goesThroughTheServiceProxy() throws {
    let request = try APIRequest.serviceProxy(
      namespace: "ops", service: "fabgitops-operator", port: "http", path: "/api/v1/stream?from=1",
      isStream: true)
    #expect(
      request.pathAndQuery
        == "/api/v1/namespaces/ops/services/fabgitops-operator%3Ahttp/proxy/api/v1/stream?from=1")
    #expect(request.target == #"services/proxy "fabgitops-operator:http" in namespace "ops""#)
  }

  @Test(arguments: ["", ".", "..", "a/b", "../../secrets"])
  func refusesNamesThatWouldLeaveThePath(name: String) {
    #expect(throws: RequestError.self) { try APIRequest.get(Self.plc, namespace: "a", name: name) }
    #expect(throws: RequestError.self) { try APIRequest.get(Self.plc, namespace: name, name: "a") }
  }

  @Test func oddNamesAreEscaped() throws {
    let request = try APIRequest.get(Self.plc, namespace: "a?b#c", name: "ü%2e\r\n")
    #expect(request.path == "/apis/fabgitops.io/v1/namespaces/a%3Fb%23c/industrialplcs/%C3%BC%252e%0D%0A")
  }

  @Test func clusterScopedResourcesTakeNoNamespace() {
    #expect(throws: RequestError.self) { try APIRequest.get(.namespaces, namespace: "a", name: "b") }
  }
}
