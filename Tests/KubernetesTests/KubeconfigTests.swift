import Foundation
import Testing

@testable import Kubernetes

@Suite struct KubeconfigTests {
  static let plain = """
    apiVersion: v1
    kind: Config
    current-context: plant
    clusters:
    - name: plant
      cluster:
        server: https://[fd00::1]:6443/k8s/clusters/c-1/
        certificate-authority: pki/ca.crt
        tls-server-name: kube.example
        proxy-url: socks5://user:pw@proxy:1081
    users:
    - name: engineer
      user:
        client-certificate: pki/me.crt
        client-key: /abs/me.key
        token: s3cret
        as: somebody
        as-groups: [one, two]
        as-user-extra: { reason: [night, shift] }
    contexts:
    - name: plant
      context: { cluster: plant, user: engineer, namespace: line-1 }
    - name: other
      context: { cluster: nowhere, user: engineer }
    preferences: {}
    """

  @Test func readsEverythingOfAContext() throws {
    let kubeconfig = try Kubeconfig(parsing: Self.plain, file: "/etc/kube/config")
    let configuration = try kubeconfig.configuration()
    #expect(configuration.name == "plant")
    #expect(configuration.server.host == "fd00::1")
    #expect(configuration.server.description == "https://[fd00::1]:6443/k8s/clusters/c-1")
    #expect(configuration.trust == .authorities(.file("/etc/kube/pki/ca.crt")))
    #expect(configuration.tlsServerName == "kube.example")
    #expect(configuration.proxy?.kind == .socks5)
    #expect(configuration.proxy?.port == 1081)
    #expect(configuration.proxy?.password?.value == "pw")
    #expect(configuration.clientCertificate?.chain == .file("/etc/kube/pki/me.crt"))
    #expect(configuration.clientCertificate?.key == .file("/abs/me.key"))
    #expect(configuration.login == .token(Secret("s3cret")))
    #expect(configuration.impersonation?.groups == ["one", "two"])
    #expect(configuration.impersonation?.extra == ["reason": ["night", "shift"]])
    #expect(configuration.namespace == "line-1")
  }

  @Test func secretsDoNotShowThemselves() throws {
    let configuration = try Kubeconfig(parsing: Self.plain, file: "/k").configuration()
    var dumped = ""
    dump(configuration, to: &dumped)
    #expect(!dumped.contains("s3cret") && !"\(configuration)".contains("s3cret"))
    #expect(!dumped.contains("\"pw\""))
  }

  @Test func firstFileWinsAndMissingOnesArePassedOver() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let first = directory.appendingPathComponent("first")
    let second = directory.appendingPathComponent("sub/second")
    try FileManager.default.createDirectory(
      at: second.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(
      """
      clusters: [{name: a, cluster: {server: "https://first:1"}}]
      contexts: [{name: here, context: {cluster: a, user: u}}]
      """.utf8
    ).write(to: first)
    try Data(
      """
      current-context: here
      clusters: [{name: a, cluster: {server: "https://second:2"}}]
      users: [{name: u, user: {tokenFile: tokens/u}}]
      """.utf8
    ).write(to: second)
    let list = "/nowhere/at/all:\(first.path):\(second.path)"
    let kubeconfig = try Kubeconfig.load(environment: ["KUBECONFIG": list])
    let configuration = try kubeconfig.configuration()
    #expect(configuration.server.host == "first")
    let tokens = second.deletingLastPathComponent().appendingPathComponent("tokens/u").standardizedFileURL
      .path
    #expect(configuration.login == .tokenFile(tokens))
  }

  @Test func inlineCertificatesAreDecoded() throws {
    let data = Data("-----BEGIN CERTIFICATE-----\n".utf8).base64EncodedString()
    let text = """
      current-context: c
      clusters: [{name: c, cluster: {server: "https://h", certificate-authority-data: \(data)}}]
      contexts: [{name: c, context: {cluster: c}}]
      """
    let configuration = try Kubeconfig(parsing: text, file: "/k").configuration()
    #expect(configuration.trust == .authorities(.inline(Secret("-----BEGIN CERTIFICATE-----\n"))))
    #expect(configuration.server.port == 443)
    #expect(configuration.login == .none)
  }

  /// Each text is wrong in one place; the error names file, line and field.
  @Test(arguments: [
    ("clusters: 7", "/k:1: clusters: must be a list"),
    ("kind: Pod", "/k: kind: is \"Pod\", not Config"),
    ("- a", "/k: is not a kubeconfig: no mapping"),
    ("clusters:\n- name: a\n  cluster:\n    server: [x]", "/k:4: clusters[0].cluster.server: must be a text"),
    ("clusters:\n- cluster: {}", "/k:2: clusters[0].name: is missing"),
    (
      "clusters:\n- name: a\n  cluster: {certificate-authority-data: '%'}",
      "/k:3: clusters[0].cluster.certificate-authority-data: is not base64 of a PEM text"
    ),
    (
      "clusters:\n- name: a\n  cluster: {insecure-skip-tls-verify: maybe}",
      "/k:3: clusters[0].cluster.insecure-skip-tls-verify: must be true or false"
    ),
    (
      "users:\n- name: u\n  user: {exec: {args: x}}", "/k:3: users[0].user.exec.args: must be a list of texts"
    ),
    // A key with a control character in it, found by fuzzing.
    (
      "users:\n- name: u\n  user: {as-user-extra: {a:b\tc: x}}",
      "/k:3: users[0].user.as-user-extra.a:b c: must be a list of texts"
    ),
  ])
  func namesWhatIsWrong(text: String, message: String) throws {
    let error = #expect(throws: KubeconfigError.self) { try Kubeconfig(parsing: text, file: "/k") }
    #expect(error?.description == message)
  }

  static func context(cluster: String, user: String = "{}") -> String {
    """
    current-context: c
    clusters: [{name: c, cluster: \(cluster)}]
    users: [{name: u, user: \(user)}]
    contexts: [{name: c, context: {cluster: c, user: u}}]
    """
  }

  @Test(arguments: [
    (context(cluster: "{server: 'localhost:8080'}"), "clusters[0].cluster.server"),
    (context(cluster: "{server: 'https://u@h'}"), "clusters[0].cluster.server"),
    (context(cluster: "{}"), "clusters[0].cluster.server: is missing"),
    (
      context(cluster: "{server: 'https://h', insecure-skip-tls-verify: true, certificate-authority: x}"),
      "clusters[0].cluster.insecure-skip-tls-verify"
    ),
    (context(cluster: "{server: 'https://h', proxy-url: 'ftp://p'}"), "clusters[0].cluster.proxy-url"),
    (
      context(cluster: "{server: 'https://h'}", user: "{client-key: k}"),
      "users[0].user.client-certificate: is missing"
    ),
    (
      context(cluster: "{server: 'https://h'}", user: "{auth-provider: {name: gcp}}"),
      "users[0].user.auth-provider"
    ),
    (
      context(cluster: "{server: 'https://h'}", user: "{exec: {command: x, apiVersion: v9}}"),
      "users[0].user.exec.apiVersion"
    ),
    (
      context(
        cluster: "{server: 'https://h'}",
        user: "{exec: {command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}}"),
      "users[0].user.exec.interactiveMode"
    ),
  ])
  func refusesWhatCannotWork(text: String, expected: String) throws {
    let kubeconfig = try Kubeconfig(parsing: text, file: "/k")
    let error = #expect(throws: KubeconfigError.self) { try kubeconfig.configuration() }
    #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
  }

  @Test func namesTheContextsThereAre() throws {
    let kubeconfig = try Kubeconfig(parsing: Self.plain, file: "/k")
    let missing = #expect(throws: KubeconfigError.self) { try kubeconfig.configuration(context: "nope") }
    #expect(missing?.description == "/k: contexts: no context \"nope\"; there are: other, plant")
    let dangling = #expect(throws: KubeconfigError.self) { try kubeconfig.configuration(context: "other") }
    #expect(dangling?.field == "contexts[1].context.cluster")
  }

  @Test func environmentProxyAppliesUnlessExcepted() throws {
    let text = Self.context(cluster: "{server: 'https://api.plant.example:6443'}")
    let kubeconfig = try Kubeconfig(parsing: text, file: "/k")
    func proxy(_ environment: [String: String]) throws -> String? {
      try kubeconfig.configuration(environment: environment).proxy?.host
    }
    #expect(try proxy(["https_proxy": "proxy:3128"]) == "proxy")
    #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "x, .plant.example"]) == nil)
    #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128", "no_proxy": "plant.example"]) == nil)
    #expect(try proxy(["HTTPS_PROXY": "http://proxy:3128", "no_proxy": "nt.example"]) == "proxy")
    #expect(try proxy(["HTTP_PROXY": "http://proxy:3128"]) == nil)
    let local = try Kubeconfig(parsing: Self.context(cluster: "{server: 'https://10.1.2.3'}"), file: "/k")
    let inside = ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/8"]
    let outside = ["HTTPS_PROXY": "p:1", "NO_PROXY": "10.0.0.0/16"]
    #expect(try local.configuration(environment: inside).proxy == nil)
    #expect(try local.configuration(environment: outside).proxy?.host == "p")
  }

  @Test func inClusterNeedsThePodsEnvironment() throws {
    #expect(throws: CredentialError.self) { try ClusterConfiguration.inCluster(environment: [:]) }
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let environment = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
    let missing = #expect(throws: CredentialError.self) {
      try ClusterConfiguration.inCluster(environment: environment, directory: directory.path)
    }
    #expect(missing?.message.contains("token cannot be read: ") == true)
    try Data("t1\n".utf8).write(to: directory.appendingPathComponent("token"))
    try Data("plant\n".utf8).write(to: directory.appendingPathComponent("namespace"))
    let configuration = try ClusterConfiguration.inCluster(
      environment: environment, directory: directory.path)
    #expect(configuration.namespace == "plant")
    #expect(configuration.login == .tokenFile(directory.path + "/token"))
    #expect(configuration.trust == .authorities(.file(directory.path + "/ca.crt")))
  }
}
