/// What a kubeconfig says, merged from one or several files.
///
/// Merging follows kubectl: the first file to name a cluster, user or context, or to set `current-context`,
/// wins; relative paths belong to the file they stand in.
public struct Kubeconfig: Hashable, Sendable {
  /// Where in which file something was said, for error messages.
  public struct Origin: Hashable, Sendable {
    public var file: String
    /// Path of the entry: `clusters[0].cluster`.
    public var field: String
    public var line: Int?
  }

  public struct Cluster: Hashable, Sendable {
    public var server: String?
    public var certificateAuthority: String?
    public var certificateAuthorityData: String?
    public var insecureSkipTLSVerify = false
    public var tlsServerName: String?
    public var proxyURL: String?
    public var origin: Origin
  }

  public struct Exec: Hashable, Sendable {
    public var apiVersion: String?
    public var command: String?
    public var arguments: [String] = []
    public var environment: [String: String] = [:]
    public var installHint: String?
    public var providesClusterInfo = false
    public var interactiveMode: String?
  }

  public struct User: Hashable, Sendable {
    public var clientCertificate: String?
    public var clientCertificateData: Secret?
    public var clientKey: String?
    public var clientKeyData: Secret?
    public var token: Secret?
    public var tokenFile: String?
    public var username: String?
    public var password: Secret?
    public var impersonate: String?
    public var impersonateUID: String?
    public var impersonateGroups: [String] = []
    public var impersonateExtra: [String: [String]] = [:]
    public var exec: Exec?
    /// The name of an `auth-provider`, which Kubernetes 1.26 removed.
    public var authProvider: String?
    public var origin: Origin
  }

  public struct Context: Hashable, Sendable {
    public var cluster: String?
    public var user: String?
    public var namespace: String?
    public var origin: Origin
  }

  /// The files read, for messages.
  public var files: [String] = []
  public var currentContext: String?
  public var clusters: [String: Cluster] = [:]
  public var users: [String: User] = [:]
  public var contexts: [String: Context] = [:]

  public init() {}

  /// Adds what `other` says and this does not.
  public mutating func merge(_ other: Kubeconfig) {
    files += other.files
    currentContext = currentContext ?? other.currentContext
    clusters.merge(other.clusters) { first, _ in first }
    users.merge(other.users) { first, _ in first }
    contexts.merge(other.contexts) { first, _ in first }
  }
}

/// What is wrong with a kubeconfig, where, and what to do.
public struct KubeconfigError: Error, Hashable, Sendable, CustomStringConvertible {
  public var file: String
  public var line: Int?
  /// Path of the field, empty when the whole file is meant.
  public var field: String
  public var message: String

  public init(file: String, line: Int? = nil, field: String = "", message: String) {
    self.file = file
    self.line = line
    // Names of the file's own keys are in it.
    self.field = oneLine(field)
    self.message = oneLine(message)
  }

  public init(_ origin: Kubeconfig.Origin, _ field: String, _ message: String) {
    self.init(
      file: origin.file, line: origin.line, field: field.isEmpty ? origin.field : "\(origin.field).\(field)",
      message: message)
  }

  /// `/home/a/.kube/config:7: clusters[0].cluster.server: is missing`
  public var description: String {
    let place = line.map { "\(file):\($0)" } ?? file
    return field.isEmpty ? "\(place): \(message)" : "\(place): \(field): \(message)"
  }
}
