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

  @Option(help: ArgumentHelp("Cluster mode: the kubeconfig's context.", valueName: "name"))
  var context: String?

  @Option(help: ArgumentHelp("Cluster mode: the kubeconfig.", valueName: "file"))
  var kubeconfig: String?

  @Option(
    name: [.customShort("n"), .long], help: ArgumentHelp("Cluster mode: the namespace.", valueName: "name"))
  var namespace: String?

  func validate() throws {
    if let gitInterval, !(1...86_400).contains(gitInterval) {
      throw ValidationError("--git-interval \(gitInterval) is outside 1...86400 seconds")
    }
  }

  /// The repository that is meant: `--git`, else the current context's.
  func choice() throws -> SourceChoice {
    try refuseCluster()
    if let git {
      guard !git.isEmpty else { throw CommandFailure(.usage, "fabctl: --git is empty: name a repository") }
      return SourceChoice(
        git: git, ref: ref, path: path ?? "", interval: gitInterval ?? 15, requireSigned: requireSigned,
        named: "--git")
    }
    guard let current = try ContextStore.standard.current() else {
      throw CommandFailure(
        .usage,
        "fabctl: no source: name a repository of manifests with --git PATH, or make it the default with "
          + "`fabctl config set-context NAME --git PATH` (or try `fabctl demo`)")
    }
    guard let git = current.git else {
      throw CommandFailure(
        .usage,
        "fabctl: context \(current.name) is a cluster: attaching to one is not in this version; "
          + "choose another with `fabctl config use-context`, or say --git PATH")
    }
    return SourceChoice(
      git: git, ref: ref ?? current.ref, path: path ?? current.path ?? "",
      interval: gitInterval ?? current.gitInterval ?? 15,
      requireSigned: requireSigned || current.requireSigned, named: "context \(current.name)")
  }

  /// The repository, or one line that says how to name one.
  func origin() throws -> String { try choice().git }

  private func refuseCluster() throws {
    let given: String? =
      if context != nil { "--context" } else if kubeconfig != nil { "--kubeconfig" } else if namespace != nil
      {
        "--namespace"
      } else { nil }
    guard let given else { return }
    throw CommandFailure(
      .usage, "fabctl: \(given): attaching to a cluster is not in this version; use --git PATH for local mode"
    )
  }
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
