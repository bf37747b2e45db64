/// A credential plugin: a program that prints an `ExecCredential` (client.authentication.k8s.io).
public struct ExecPlugin: Hashable, Sendable {
  public static let supportedVersions = [
    "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1",
  ]

  /// What `provideClusterInfo` hands to the plugin.
  public struct ClusterInfo: Hashable, Sendable {
    public var server: String
    public var tlsServerName: String?
    public var isInsecure: Bool
    /// Base64 of the PEM text.
    public var certificateAuthorityData: String?
    public var proxyURL: String?

    public init(
      server: String, tlsServerName: String? = nil, isInsecure: Bool = false,
      certificateAuthorityData: String? = nil, proxyURL: String? = nil
    ) {
      self.server = server
      self.tlsServerName = tlsServerName
      self.isInsecure = isInsecure
      self.certificateAuthorityData = certificateAuthorityData
      self.proxyURL = proxyURL
    }
  }

  public var apiVersion: String
  /// A path, or a name to be found in `PATH`.
  public var command: String
  public var arguments: [String]
  /// Added to this program's environment.
  public var environment: [String: String]
  /// What the kubeconfig says to do when the command is missing.
  public var installHint: String?
  public var clusterInfo: ClusterInfo?

  public init(
    apiVersion: String, command: String, arguments: [String] = [], environment: [String: String] = [:],
    installHint: String? = nil, clusterInfo: ClusterInfo? = nil
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.environment = environment
    self.installHint = installHint
    self.clusterInfo = clusterInfo
  }

  /// The value of `KUBERNETES_EXEC_INFO`. The plugin has no terminal: `interactive` is false.
  var execInfo: String {
    var spec: JSONValue = ["interactive": false]
    if let info = clusterInfo {
      var cluster: JSONValue = ["server": .string(info.server)]
      cluster["tls-server-name"] = info.tlsServerName.map { .string($0) }
      cluster["insecure-skip-tls-verify"] = info.isInsecure ? true : nil
      cluster["certificate-authority-data"] = info.certificateAuthorityData.map { .string($0) }
      cluster["proxy-url"] = info.proxyURL.map { .string($0) }
      spec["cluster"] = cluster
    }
    let info: JSONValue = ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
    return info.description
  }

  /// Reads what the plugin printed; throws a `CredentialError` naming the field that is wrong.
  func credential(from output: [UInt8]) throws(CredentialError) -> Credential {
    func wrong(_ why: String) -> CredentialError {
      CredentialError("credential plugin \(command): \(why)")
    }
    let json: JSONValue
    do {
      json = try JSONValue(parsing: output, limits: .init(depth: 32, values: 10_000))
    } catch {
      throw wrong("printed no ExecCredential: \(error)")
    }
    guard json["kind"]?.stringValue == "ExecCredential" else { throw wrong("kind: is not ExecCredential") }
    guard json["apiVersion"]?.stringValue == apiVersion else {
      let found = json["apiVersion"]?.stringValue ?? "missing"
      throw wrong("apiVersion: is \(found), but the kubeconfig says \(apiVersion)")
    }
    guard let status = json["status"], status.objectValue != nil else { throw wrong("status: missing") }
    var credential = Credential()
    if let token = status["token"]?.stringValue, !token.isEmpty { credential.token = Secret(token) }
    let chain = status["clientCertificateData"]?.stringValue ?? ""
    let key = status["clientKeyData"]?.stringValue ?? ""
    guard chain.isEmpty == key.isEmpty else {
      throw wrong("status: clientCertificateData and clientKeyData must come together")
    }
    if !chain.isEmpty {
      credential.clientCertificate = .init(chain: .inline(Secret(chain)), key: .inline(Secret(key)))
    }
    guard credential.token != nil || credential.clientCertificate != nil else {
      throw wrong("status: has neither token nor clientCertificateData")
    }
    if let text = status["expirationTimestamp"]?.stringValue {
      guard let expiry = Timestamp(rfc3339: text) else {
        throw wrong("status.expirationTimestamp: is no RFC 3339 time: \(text)")
      }
      credential.expiry = expiry
    }
    return credential
  }
}

/// What authenticates a request.
struct Credential: Hashable, Sendable {
  var token: Secret?
  var basic: Secret?
  /// Instead of the configuration's.
  var clientCertificate: ClusterConfiguration.ClientCertificate?
  /// When it must not be used any more; nil for never.
  var expiry: Timestamp?
}
