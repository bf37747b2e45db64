import ArgumentParser
import Foundation
import GitSource

/// Where desired state comes from; shared by every command.
struct SourceOptions: ParsableArguments {
  @Option(
    name: .customLong("git"),
    help: ArgumentHelp(
      "Local mode: a repository of IndustrialPLC manifests, path or URL.", valueName: "path-or-url"))
  var git: String?

  @Option(help: "Branch, tag or commit to hold the fleet to (default: the repository's HEAD).")
  var ref: String?

  @Option(help: ArgumentHelp("Only manifests below this folder of the repository.", valueName: "folder"))
  var path: String?

  @Option(
    help: ArgumentHelp(
      "Seconds between fetches of a remote repository, 1 to 86400 (default: 15).", valueName: "seconds"))
  var gitInterval: Int?

  @Flag(help: "Accept only commits that `git verify-commit` accepts.")
  var requireSigned = false

  @Option(
    name: .customLong("context"), parsing: .singleValue,
    help: ArgumentHelp(
      "Cluster mode: the kubeconfig's context; several times: one fleet of several clusters.",
      valueName: "name"))
  var contexts: [String] = []

  @Option(help: ArgumentHelp("Cluster mode: the kubeconfig.", valueName: "file"))
  var kubeconfig: String?

  @Option(
    name: [.customShort("n"), .long],
    help: ArgumentHelp("Cluster mode: the namespace (default: the context's, or all).", valueName: "name"))
  var namespace: String?

  @Flag(name: [.customShort("A"), .long], help: "Cluster mode: all namespaces.")
  var allNamespaces = false

  func validate() throws {
    if let gitInterval, !(1...86_400).contains(gitInterval) {
      throw ValidationError("--git-interval \(gitInterval) is outside 1...86400 seconds")
    }
    if allNamespaces, namespace != nil { throw ValidationError("--all-namespaces excludes --namespace") }
    if let twice = contexts.first(where: { name in contexts.count { $0 == name } > 1 }) {
      throw ValidationError("--context \(twice) is given twice")
    }
  }

  /// The repository that is meant: `--git`, else the current context's. For commands that need one.
  func choice() throws -> SourceChoice {
    switch try target() {
    case .local(let choice): return choice
    case .cluster(let choices):
      throw CommandFailure(
        .usage,
        "fabctl: this needs a repository, and \(choices.map(\.named).joined(separator: ", ")) is a cluster: say "
          + "--git PATH")
    }
  }

  /// What a command is about: a repository, or clusters.
  func target() throws -> FleetTarget {
    if let given = clusterOption {
      guard git == nil else {
        throw CommandFailure(.usage, "fabctl: --git is local mode, \(given) is cluster mode: not both")
      }
      return .cluster(try ClusterChoice.explicit(self))
    }
    if let git {
      guard !git.isEmpty else { throw CommandFailure(.usage, "fabctl: --git is empty: name a repository") }
      let choice = SourceChoice(
        git: git, ref: ref, path: path ?? "", interval: gitInterval ?? 15, requireSigned: requireSigned,
        named: "--git")
      _ = try choice.parsedOrigin()
      return .local(choice)
    }
    guard let current = try ContextStore.standard.current() else {
      throw CommandFailure(
        .usage,
        "fabctl: no source: name a repository of manifests with --git PATH or a cluster with --context NAME, or make "
          + "one the default with `fabctl config set-context` (or try `fabctl demo`)")
    }
    guard let git = current.git else { return .cluster([try ClusterChoice.named(current)]) }
    let choice = SourceChoice(
      git: git, ref: ref ?? current.ref, path: path ?? current.path ?? "",
      interval: gitInterval ?? current.gitInterval ?? 15,
      requireSigned: requireSigned || current.requireSigned, named: "context \(current.name)")
    _ = try choice.parsedOrigin()
    return .local(choice)
  }

  private var clusterOption: String? {
    if !contexts.isEmpty { return "--context" }
    if kubeconfig != nil { return "--kubeconfig" }
    if namespace != nil { return "--namespace" }
    return allNamespaces ? "--all-namespaces" : nil
  }
}

/// What a command is about.
enum FleetTarget {
  case local(SourceChoice)
  case cluster([ClusterChoice])
}

/// One repository and how to read it.
struct SourceChoice {
  var git: String
  var ref: String?
  var path: String
  /// Seconds.
  var interval: Int
  var requireSigned: Bool
  /// What named it, for messages.
  var named: String

  func parsedOrigin() throws -> SourceOrigin {
    do throws(GitFailure) {
      return try SourceOrigin(git)
    } catch {
      let failure = error
      throw CommandFailure(.usage, "fabctl: \(named): \(failure)")
    }
  }
}
