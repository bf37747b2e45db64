import ArgumentParser
import Cluster
import Kubernetes

/// Where a cluster's operators are found; shared by the commands that ask them.
struct OperatorOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Cluster mode: the operator's read-only API, reached directly instead of through the API server.",
      valueName: "url"))
  var operatorUrl: String?

  @Option(
    help: ArgumentHelp(
      "Cluster mode: where the operator's Service is (default: fabgitops-system).", valueName: "name"))
  var operatorNamespace: String?

  func validate() throws {
    if operatorUrl != nil, operatorNamespace != nil {
      throw ValidationError("--operator-url and --operator-namespace exclude each other")
    }
  }

  func operators(_ choices: [ClusterChoice]) throws -> Site.Operators {
    guard let operatorUrl else {
      return .discovered(namespace: operatorNamespace ?? OperatorService.namespace)
    }
    guard choices.count == 1 else {
      throw CommandFailure(.usage, "fabctl: --operator-url is of one cluster: name one --context")
    }
    do throws(RequestError) {
      return .direct(try ClusterConfiguration.Server(url: operatorUrl))
    } catch {
      throw CommandFailure(.usage, "fabctl: --operator-url: \(error)")
    }
  }

  /// Where the source is a repository.
  func refuse() throws {
    if operatorUrl != nil { throw Self.isOfClusters("--operator-url") }
    if operatorNamespace != nil { throw Self.isOfClusters("--operator-namespace") }
  }

  static func isOfClusters(_ given: String) -> CommandFailure {
    CommandFailure(.usage, "fabctl: \(given) is of cluster mode: say --context NAME, or leave it out")
  }
}
