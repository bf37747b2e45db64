import Foundation

extension ClusterConfiguration {
  /// Where a pod finds its service account.
  public static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The configuration of a pod: the kubelet's environment variables and the mounted service account, whose
  /// token file the kubelet replaces well before the token runs out.
  public static func inCluster(
    environment: [String: String], directory: String = serviceAccountDirectory
  ) throws(CredentialError) -> ClusterConfiguration {
    guard let host = environment["KUBERNETES_SERVICE_HOST"], !host.isEmpty,
      let port = environment["KUBERNETES_SERVICE_PORT"].flatMap({ Int($0) }), (1...65535).contains(port)
    else {
      throw CredentialError(
        "not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig"
      )
    }
    let token = directory + "/token"
    do {
      _ = try readText(token, limit: CredentialSource.maxTokenBytes)
    } catch {
      throw CredentialError("service account token \(token) \(error.message)")
    }
    var configuration = ClusterConfiguration(
      name: "in-cluster", server: Server(isTLS: true, host: host, port: port),
      trust: .authorities(.file(directory + "/ca.crt")), login: .tokenFile(token))
    configuration.namespace = (try? readText(directory + "/namespace", limit: 1024))?
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return configuration
  }

  /// What the user means: an explicit kubeconfig or context, else a kubeconfig where kubectl looks, else the
  /// pod's service account.
  public static func discover(
    kubeconfig path: String? = nil, context: String? = nil, environment: [String: String]
  ) throws -> ClusterConfiguration {
    let isExplicit = path != nil || context != nil || !(environment["KUBECONFIG"] ?? "").isEmpty
    let usual = (environment["HOME"] ?? "") + "/.kube/config"
    if !isExplicit, environment["KUBERNETES_SERVICE_HOST"] != nil,
      !FileManager.default.fileExists(atPath: usual)
    {
      return try inCluster(environment: environment)
    }
    return try Kubeconfig.load(path: path, environment: environment)
      .configuration(context: context, environment: environment)
  }
}
