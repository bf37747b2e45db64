import Kubernetes

/// One place that an attached screen looks at.
public struct Site: Sendable {
  /// An API server and who to be there.
  public struct Access: Sendable {
    public var configuration: ClusterConfiguration
    /// Nil for all namespaces.
    public var namespace: String?
    /// Reads the configuration anew, for when the server no longer accepts it: a login may have renewed it.
    public var renewed: @Sendable () -> ClusterConfiguration?

    public init(
      _ configuration: ClusterConfiguration, namespace: String?,
      renewed: @escaping @Sendable () -> ClusterConfiguration? = { nil }
    ) {
      self.configuration = configuration
      self.namespace = namespace
      self.renewed = renewed
    }
  }

  /// Where live values come from.
  public enum Operators: Sendable {
    /// The Services of a namespace, through the API server.
    case discovered(namespace: String)
    /// One read-only API, reached directly.
    case direct(ClusterConfiguration.Server)
  }

  /// The context's name; also the prefix of its devices' namespaces when several sites are shown.
  public var name: String
  public var access: Access?
  public var operators: Operators

  var isProxied: Bool {
    if case .discovered = operators { true } else { false }
  }

  /// A cluster.
  public init(name: String, _ access: Access, operators: Operators) {
    self.name = name
    self.access = access
    self.operators = operators
  }

  /// One engine's read-only API, without a cluster around it.
  public init(name: String, api server: ClusterConfiguration.Server) {
    self.name = name
    operators = .direct(server)
  }
}

/// How the attached screen's clients behave.
struct AttachOptions: Sendable {
  var client = KubernetesClient.Options()
  /// A stream says something every 15 s.
  var streamSilence = Duration.seconds(40)
  /// How often an API server that says nothing is asked whether it is there.
  var probeEvery = Duration.seconds(10)
  var discoverEvery = Duration.seconds(30)
  /// What a permission that was refused is asked for again after.
  var refusedWait = Duration.seconds(60)
  var backoff = Backoff(base: .milliseconds(500), cap: .seconds(15), jitter: 0.5)

  init(userAgent: String, environment: [String: String]) {
    client.userAgent = userAgent
    client.environment = environment
  }

  var streamClient: KubernetesClient.Options {
    var options = client
    options.longestSilence = streamSilence
    return options
  }
}
