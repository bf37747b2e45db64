import ArgumentParser
import Control
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
  var path: String = ""

  @Option(
    help: ArgumentHelp("Seconds between fetches of a remote repository, 1 to 86400.", valueName: "seconds"))
  var gitInterval: Int = 15

  @Flag(help: "Accept only commits that `git verify-commit` accepts.")
  var requireSigned = false

  func validate() throws {
    guard (1...86_400).contains(gitInterval) else {
      throw ValidationError("--git-interval \(gitInterval) is outside 1...86400 seconds")
    }
  }

  /// The repository, or one line that says how to name one.
  func origin() throws -> String {
    guard let git, !git.isEmpty else {
      throw CommandFailure(
        .usage, "fabctl: no source: name a repository of manifests with --git PATH (or try `fabctl demo`)")
    }
    return git
  }

  func parsedOrigin() throws -> SourceOrigin {
    let text = try origin()
    do throws(GitFailure) {
      return try SourceOrigin(text)
    } catch {
      let failure = error
      throw CommandFailure(.usage, "fabctl: --git \(failure)")
    }
  }
}

/// Which devices a command is about.
struct DeviceSelection {
  /// `name` or `namespace/name`.
  var names: [String]

  func matches(_ id: DeviceID) -> Bool {
    names.isEmpty || names.contains(id.name) || names.contains(id.description)
  }

  /// The named ones that are not there.
  func missing(from ids: [DeviceID]) -> [String] {
    names.filter { name in !ids.contains { $0.name == name || $0.description == name } }
  }
}
