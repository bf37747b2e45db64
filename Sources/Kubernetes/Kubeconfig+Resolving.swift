import Foundation

extension Kubeconfig {
  /// The configuration of a context, or of the current one.
  ///
  /// - Parameter environment: for the proxy variables that apply when the kubeconfig names no proxy.
  public func configuration(
    context name: String? = nil, environment: [String: String] = [:]
  ) throws(KubeconfigError) -> ClusterConfiguration {
    let file = files.isEmpty ? "kubeconfig" : files.joined(separator: ":")
    guard let name = name ?? currentContext else {
      throw KubeconfigError(
        file: file, field: "current-context",
        message: "is not set; choose a context: \(listed(contexts.keys))")
    }
    guard let context = contexts[name] else {
      throw KubeconfigError(
        file: file, field: "contexts", message: "no context \"\(name)\"; there are: \(listed(contexts.keys))")
    }
    guard let clusterName = context.cluster else {
      throw KubeconfigError(context.origin, "cluster", "is missing")
    }
    guard let cluster = clusters[clusterName] else {
      throw KubeconfigError(
        context.origin, "cluster", "no cluster \"\(clusterName)\"; there are: \(listed(clusters.keys))")
    }
    let server = try cluster.address()
    var configuration = ClusterConfiguration(name: name, server: server)
    configuration.trust = try cluster.trust()
    configuration.tlsServerName = cluster.tlsServerName
    configuration.proxy = try cluster.proxy(for: server, environment: environment)
    configuration.namespace = context.namespace
    if let userName = context.user {
      guard let user = users[userName] else {
        throw KubeconfigError(
          context.origin, "user", "no user \"\(userName)\"; there are: \(listed(users.keys))")
      }
      configuration.login = try user.login(cluster)
      configuration.clientCertificate = try user.certificate()
      configuration.impersonation = user.impersonation()
    }
    return configuration
  }

  private func listed(_ names: some Collection<String>) -> String {
    names.isEmpty ? "none" : names.sorted().joined(separator: ", ")
  }
}

extension Kubeconfig.Cluster {
  fileprivate func address() throws(KubeconfigError) -> ClusterConfiguration.Server {
    guard let server else { throw KubeconfigError(origin, "server", "is missing") }
    do {
      return try ClusterConfiguration.Server(url: server)
    } catch {
      throw KubeconfigError(origin, "server", error.message)
    }
  }

  fileprivate func trust() throws(KubeconfigError) -> ClusterConfiguration.Trust {
    let authority: PEMSource?
    if let certificateAuthorityData {
      authority = .inline(Secret(certificateAuthorityData))
    } else {
      authority = certificateAuthority.map { .file($0) }
    }
    if insecureSkipTLSVerify {
      guard authority == nil else {
        throw KubeconfigError(
          origin, "insecure-skip-tls-verify", "contradicts the certificate-authority given beside it")
      }
      return .anybody
    }
    return authority.map { .authorities($0) } ?? .system
  }

  fileprivate func proxy(
    for server: ClusterConfiguration.Server, environment: [String: String]
  ) throws(KubeconfigError) -> Proxy? {
    do {
      if let proxyURL { return try Proxy(url: proxyURL) }
      return try Proxy.fromEnvironment(environment, for: server)
    } catch {
      throw KubeconfigError(origin, "proxy-url", error.message)
    }
  }

  fileprivate var execInfo: ExecPlugin.ClusterInfo {
    .init(
      server: server ?? "", tlsServerName: tlsServerName, isInsecure: insecureSkipTLSVerify,
      certificateAuthorityData: certificateAuthorityData.map { Data($0.utf8).base64EncodedString() },
      proxyURL: proxyURL)
  }
}

extension Kubeconfig.User {
  fileprivate func login(_ cluster: Kubeconfig.Cluster) throws(KubeconfigError) -> ClusterConfiguration.Login
  {
    if let authProvider {
      throw KubeconfigError(
        origin, "auth-provider",
        "\"\(authProvider)\" is not supported: Kubernetes 1.26 removed auth-provider; use an exec plugin")
    }
    if let exec { return .exec(try plugin(exec, cluster)) }
    // As in client-go, a file wins over a token: the token may be the file's, copied when it was fresh.
    if let tokenFile { return .tokenFile(tokenFile) }
    if let token { return .token(token) }
    if let username { return .basic(user: username, password: password ?? Secret("")) }
    return .none
  }

  private func plugin(
    _ exec: Kubeconfig.Exec, _ cluster: Kubeconfig.Cluster
  ) throws(KubeconfigError) -> ExecPlugin {
    guard let command = exec.command else { throw KubeconfigError(origin, "exec.command", "is missing") }
    guard let version = exec.apiVersion else {
      throw KubeconfigError(origin, "exec.apiVersion", "is missing")
    }
    guard ExecPlugin.supportedVersions.contains(version) else {
      let supported = ExecPlugin.supportedVersions.joined(separator: " or ")
      throw KubeconfigError(origin, "exec.apiVersion", "\"\(version)\" is not supported; use \(supported)")
    }
    if exec.interactiveMode == "Always" {
      throw KubeconfigError(
        origin, "exec.interactiveMode",
        "Always: the plugin wants a terminal, which this program needs itself; log in with it first")
    }
    return ExecPlugin(
      apiVersion: version, command: command, arguments: exec.arguments, environment: exec.environment,
      installHint: exec.installHint, clusterInfo: exec.providesClusterInfo ? cluster.execInfo : nil)
  }

  fileprivate func certificate() throws(KubeconfigError) -> ClusterConfiguration.ClientCertificate? {
    let chain = clientCertificateData.map { PEMSource.inline($0) } ?? clientCertificate.map { .file($0) }
    let key = clientKeyData.map { PEMSource.inline($0) } ?? clientKey.map { .file($0) }
    switch (chain, key) {
    case (nil, nil): return nil
    case (let chain?, let key?): return .init(chain: chain, key: key)
    case (nil, _):
      throw KubeconfigError(origin, "client-certificate", "is missing, but there is a client-key")
    case (_, nil):
      throw KubeconfigError(origin, "client-key", "is missing, but there is a client-certificate")
    }
  }

  fileprivate func impersonation() -> ClusterConfiguration.Impersonation? {
    guard let impersonate else { return nil }
    var value = ClusterConfiguration.Impersonation(user: impersonate)
    value.groups = impersonateGroups
    value.uid = impersonateUID
    value.extra = impersonateExtra
    return value
  }
}
