import Cluster
import Control
import Foundation
import Kubernetes

/// One cluster, and who to be there.
struct ClusterChoice {
  /// The kubeconfig's context.
  var name: String
  var configuration: ClusterConfiguration
  /// Nil for all namespaces.
  var namespace: String?
  /// What named it, for messages.
  var named: String
  /// Where the configuration was read, to read it again.
  private var kubeconfig: String?
  private var context: String?

  private init(
    _ context: String?, kubeconfig: String?, namespace: String?, all: Bool, named: String
  ) throws {
    self.kubeconfig = kubeconfig
    self.context = context
    self.named = named
    do {
      configuration = try Self.load(kubeconfig, context)
    } catch {
      // What is wrong with a kubeconfig is a mistake of the one who wrote it.
      throw CommandFailure(.usage, "fabctl: \(named): \(error)")
    }
    name = configuration.name
    self.namespace = all ? nil : namespace ?? configuration.namespace
  }

  private static func load(_ kubeconfig: String?, _ context: String?) throws -> ClusterConfiguration {
    try ClusterConfiguration.discover(
      kubeconfig: kubeconfig, context: context, environment: ProcessInfo.processInfo.environment)
  }

  /// As the options say. A namespace alone is one of the current context, fabctl's or the kubeconfig's.
  static func explicit(_ options: SourceOptions) throws -> [ClusterChoice] {
    if options.contexts.isEmpty, options.kubeconfig == nil,
      let current = try ContextStore.standard.current(), current.isCluster
    {
      return [
        try ClusterChoice(
          current.kubeContext, kubeconfig: current.kubeconfig,
          namespace: options.namespace ?? current.namespace, all: options.allNamespaces,
          named: "context \(current.name)")
      ]
    }
    let contexts = options.contexts.isEmpty ? [nil] : options.contexts.map(Optional.some)
    return try contexts.map { context in
      try ClusterChoice(
        context, kubeconfig: options.kubeconfig, namespace: options.namespace, all: options.allNamespaces,
        named: context.map { "--context \($0)" } ?? options.kubeconfig.map { _ in "--kubeconfig" }
          ?? "the kubeconfig's current context")
    }
  }

  /// A context of fabctl's own file.
  static func named(_ context: FabctlContext) throws -> ClusterChoice {
    try ClusterChoice(
      context.kubeContext, kubeconfig: context.kubeconfig, namespace: context.namespace, all: false,
      named: "context \(context.name)")
  }

  /// - Parameter operators: where live values come from.
  func site(_ operators: Site.Operators = .discovered(namespace: OperatorService.namespace)) -> Site {
    let (kubeconfig, context) = (kubeconfig, context)
    return Site(
      name: name,
      Site.Access(configuration, namespace: namespace) { try? Self.load(kubeconfig, context) },
      operators: operators)
  }
}

extension [ClusterChoice] {
  /// Which cluster a device that is shown belongs to, and what it is called there: with several clusters a namespace
  /// begins with the cluster's name.
  func place(of id: DeviceID) -> (choice: ClusterChoice, id: DeviceID)? {
    guard count > 1 else { return first.map { ($0, id) } }
    for choice in self where id.namespace.hasPrefix(choice.name + "/") {
      let namespace = String(id.namespace.dropFirst(choice.name.count + 1))
      return (choice, DeviceID(namespace: namespace, name: id.name))
    }
    return nil
  }
}

extension Build {
  static var userAgent: String { "fabctl/\(version)" }
}

extension ClusterListing {
  /// Lists the clusters; a cluster that cannot be asked ends the command.
  static func read(_ choices: [ClusterChoice]) async throws -> ClusterListing {
    do throws(ClusterListing.Failure) {
      return try await read(
        choices.map { $0.site() }, userAgent: Build.userAgent,
        environment: ProcessInfo.processInfo.environment)
    } catch {
      throw CommandFailure(cluster: error.site, error.error)
    }
  }
}

extension CommandFailure {
  /// What an API server, or the way to it, refused.
  init(cluster: String, _ error: ClientError) {
    guard case .forbidden(let verb, let target)? = error.reason else {
      self.init(.sourceUnreachable, "fabctl: \(cluster): \(error)")
      return
    }
    let hint = target.contains("namespace") ? "" : " (or name one namespace with -n)"
    self.init(
      .sourceUnreachable,
      "fabctl: \(cluster): forbidden: needs permission to \(verb) \(target); ask for a role that grants it\(hint)"
    )
  }
}
