import AsyncHTTPClient
import Foundation
import Kubernetes
import NIOCore

/// A real kube-apiserver and etcd on free local ports, for tests. RBAC is on.
///
/// The programs are looked for in `KUBEBUILDER_ASSETS`, then `/usr/local/kubebuilder/bin`. They die with the
/// test process, however that ends.
public final class APIServer: Sendable {
  /// A bearer token the server accepts, and who it is.
  public struct Token: Hashable, Sendable {
    public var token: String
    public var user: String
    public var groups: [String]

    public init(_ token: String, user: String, groups: [String] = []) {
      self.token = token
      self.user = user
      self.groups = groups
    }

    /// May do everything.
    public static let admin = Token("admin-token", user: "admin", groups: ["system:masters"])

    /// A service account, for RBAC tests: its rights are those that role bindings give it.
    public static func serviceAccount(_ namespace: String, _ name: String) -> Token {
      Token(
        "token-\(namespace)-\(name)", user: "system:serviceaccount:\(namespace):\(name)",
        groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
    }
  }

  public struct Failure: Error, CustomStringConvertible {
    public var description: String
  }

  /// Where the programs are; nil, after saying so once on standard error, when they are not there.
  public static let assets: String? = {
    let environment = ProcessInfo.processInfo.environment
    let candidates = [environment["KUBEBUILDER_ASSETS"], "/usr/local/kubebuilder/bin"].compactMap(\.self)
    let found = candidates.first { directory in
      ["etcd", "kube-apiserver"].allSatisfy {
        FileManager.default.isExecutableFile(atPath: "\(directory)/\($0)")
      }
    }
    if found == nil {
      let places = candidates.joined(separator: " or ")
      let line = "SKIPPED: tests against a real kube-apiserver: no etcd and kube-apiserver in \(places)\n"
      FileHandle.standardError.write(Data(line.utf8))
    }
    return found
  }()

  public static var isAvailable: Bool { assets != nil }

  /// `https://127.0.0.1:port`
  public let url: String
  public let tokens: [Token]
  /// Holds everything the server writes; removed by `stop`.
  public let directory: URL
  private let port: Int
  private let etcdPort: Int
  private let etcd: Daemon
  private let server: Daemon

  /// Starts a server and waits until it is ready and the namespace `default` exists.
  ///
  /// - Parameters:
  ///   - tokens: accepted beside `Token.admin`.
  ///   - arguments: added to the API server's command line.
  public static func start(tokens: [Token] = [], arguments: [String] = []) async throws -> APIServer {
    guard let assets else { throw Failure(description: "no kube-apiserver here") }
    var attempt = 0
    while true {
      attempt += 1
      let server = try APIServer(assets: assets, tokens: [.admin] + tokens, arguments: arguments)
      do {
        try server.etcd.start()
        try server.server.start()
        try await server.waitUntilReady()
        return server
      } catch {
        server.stop()
        // Between the choice of a port and its use another test may have got it.
        guard attempt < 3, "\(error)".contains("address already in use") else { throw error }
      }
    }
  }

  private init(assets: String, tokens: [Token], arguments: [String]) throws {
    self.tokens = tokens
    directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("envtest-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let root = directory.path
    port = try freePort()
    etcdPort = try freePort()
    let peerPort = try freePort()
    url = "https://127.0.0.1:\(port)"
    try run("openssl", ["genrsa", "-out", "\(root)/sa.key", "2048"])
    try run("openssl", ["rsa", "-in", "\(root)/sa.key", "-pubout", "-out", "\(root)/sa.pub"])
    let lines = tokens.enumerated().map { index, token in
      "\(token.token),\(token.user),\(index),\"\(token.groups.joined(separator: ","))\""
    }
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(
      to: directory.appendingPathComponent("tokens.csv"))
    let client = "http://127.0.0.1:\(etcdPort)"
    etcd = Daemon(
      "\(assets)/etcd",
      [
        "--data-dir", "\(root)/etcd", "--listen-client-urls", client, "--advertise-client-urls", client,
        "--listen-peer-urls", "http://127.0.0.1:\(peerPort)", "--unsafe-no-fsync",
      ], directory: directory, leavesNothing: true)
    server = Daemon(
      "\(assets)/kube-apiserver",
      [
        "--etcd-servers=\(client)", "--cert-dir=\(root)/certs", "--secure-port=\(port)", "--insecure-port=0",
        "--bind-address=127.0.0.1", "--service-account-issuer=https://kubernetes.default",
        "--service-account-key-file=\(root)/sa.pub", "--service-account-signing-key-file=\(root)/sa.key",
        "--authorization-mode=RBAC", "--token-auth-file=\(root)/tokens.csv",
        "--service-cluster-ip-range=10.0.0.0/24", "--disable-admission-plugins=ServiceAccount",
      ] + arguments, directory: directory)
  }

  /// Stops both programs and removes their files.
  public func stop() {
    server.stop()
    etcd.stop()
    try? FileManager.default.removeItem(at: directory)
  }

  /// Stops only the API server, as an outage would: connections break, ports close.
  public func stopServer() { server.stop() }

  /// Starts the API server again, on the same port with the same data, and waits until it is ready.
  public func startServer() async throws {
    try server.start()
    try await waitUntilReady()
  }

  /// The end of what the API server logged, for a failure's message.
  public var log: String { server.log }

  // MARK: Reaching it

  /// The certificate authority to trust, a file.
  public var certificateAuthority: String { directory.appendingPathComponent("certs/apiserver.crt").path }

  public func configuration(_ token: Token = .admin) -> ClusterConfiguration {
    var configuration = ClusterConfiguration(
      name: "envtest", server: .init(isTLS: true, host: "127.0.0.1", port: port),
      trust: .authorities(.file(certificateAuthority)), login: .token(Secret(token.token)))
    configuration.namespace = "default"
    return configuration
  }

  public func client(
    _ token: Token = .admin, options: KubernetesClient.Options = .init()
  ) -> KubernetesClient {
    KubernetesClient(configuration(token), options: options)
  }

  /// Writes a kubeconfig for a token and returns its path.
  public func kubeconfig(_ token: Token = .admin) throws -> String {
    let text = """
      apiVersion: v1
      kind: Config
      current-context: envtest
      clusters:
      - name: envtest
        cluster: { server: "\(url)", certificate-authority: "\(certificateAuthority)" }
      users:
      - name: user
        user: { token: "\(token.token)" }
      contexts:
      - name: envtest
        context: { cluster: envtest, user: user, namespace: default }
      """
    let file = directory.appendingPathComponent("kubeconfig-\(token.token)")
    try Data(text.utf8).write(to: file)
    return file.path
  }

  /// Makes etcd forget all history, so that every older resource version is gone.
  public func compact() async throws {
    let header = try await etcdCall("kv/range", #"{"key":"AA=="}"#)["header"]
    guard let revision = header?["revision"]?.stringValue else {
      throw Failure(description: "etcd has no revision")
    }
    _ = try await etcdCall("kv/compaction", #"{"revision":"\#(revision)","physical":true}"#)
  }

  /// Removes an object behind the API server's back, to be called while it is stopped: nobody sees it go.
  public func erase(_ plural: String, namespace: String, name: String) async throws {
    let key = Data("/registry/\(plural)/\(namespace)/\(name)".utf8).base64EncodedString()
    let answer = try await etcdCall("kv/deleterange", #"{"key":"\#(key)"}"#)
    guard answer["deleted"]?.stringValue == "1" else {
      throw Failure(description: "no \(plural) \(name) in etcd")
    }
  }

  /// Runs kubectl, which stands beside the server's programs, and returns what it printed. Throws a `Failure`
  /// with its complaint when it fails.
  @discardableResult
  public func kubectl(_ arguments: [String], as token: Token = .admin, input: String? = nil) throws -> String
  {
    let program = (APIServer.assets ?? "") + "/kubectl"
    return try run(program, ["--kubeconfig", try kubeconfig(token)] + arguments, input: input)
  }

  private func etcdCall(_ path: String, _ body: String) async throws -> JSONValue {
    var request = HTTPClientRequest(url: "http://127.0.0.1:\(etcdPort)/v3/\(path)")
    request.method = .POST
    request.body = .bytes(ByteBuffer(string: body))
    let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
    let bytes = try await response.body.collect(upTo: 1 << 20)
    guard response.status == .ok else { throw Failure(description: "etcd: \(String(buffer: bytes))") }
    return try JSONValue(parsing: Array(bytes.readableBytesView))
  }

  private func waitUntilReady() async throws {
    let deadline = ContinuousClock.now.advanced(by: .seconds(120))
    var last = "not asked yet"
    while ContinuousClock.now < deadline {
      guard server.isRunning, etcd.isRunning else { break }
      if FileManager.default.fileExists(atPath: certificateAuthority) {
        do {
          let client = client()
          _ = try await client.send(.get(path: "/readyz"), retry: .never)
          let _: DynamicObject = try await client.get(.namespaces, name: "default")
          return
        } catch {
          last = "\(error)"
        }
      }
      try await Task.sleep(for: .milliseconds(200))
    }
    throw Failure(description: "kube-apiserver did not become ready: \(last)\n\(log)\n\(etcd.log)")
  }
}
