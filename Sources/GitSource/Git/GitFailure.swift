/// Why desired state could not be read from Git. Each reads as one line: what, on what, why, and what to try.
public enum GitFailure: Error, Hashable, Sendable, CustomStringConvertible {
  case gitMissing(String)
  case noSuchPath(String)
  case notARepository(String)
  /// Git refuses a repository of another user.
  case unsafeOwnership(String)
  case noCommits(String)
  case noSuchRef(String, branches: [String], suggestion: String?)
  case noSuchDirectory(String, revision: String)
  /// The directory is there, but has no manifest in it.
  case noManifests(directory: String, revision: String)
  case badOrigin(String, reason: String)
  case remote(String, reason: String)
  case authentication(String, reason: String)
  case corrupted(String, detail: String)
  case tooLarge(what: String, limit: Int)
  case timedOut(command: String, after: Duration)
  /// A program that is started needs some.
  case noDescriptors
  case cancelled
  case unexpected(command: String, detail: String)

  public var description: String {
    switch self {
    case .gitMissing(let program): "cannot run \(program): install git, or put it on PATH"
    case .noSuchPath(let path): "\(path): no such directory"
    case .notARepository(let path): "\(path): not a Git repository (create one with: git init \(path))"
    case .unsafeOwnership(let path):
      "\(path): owned by another user, which git refuses"
        + " (if you trust it: git config --global --add safe.directory \(path))"
    case .noCommits(let path): "\(path): the repository has no commits yet (commit a manifest first)"
    case .noSuchRef(let ref, let branches, let suggestion): Self.noSuchRef(ref, branches, suggestion)
    case .noSuchDirectory(let directory, let revision): "\(directory): no such directory in \(revision)"
    case .noManifests(let directory, let revision):
      "no IndustrialPLC manifests under \(directory.isEmpty ? "the repository's root" : directory)"
        + " in \(revision)"
        + " (looked at *.yaml, *.yml and *.json)"
    case .badOrigin(let origin, let reason): "\(origin): \(reason)"
    case .remote(let origin, let reason): "cannot fetch \(origin): \(reason)"
    case .authentication(let origin, let reason):
      "cannot log in to \(origin): \(reason) (set up a credential helper or an ssh agent: git may not prompt)"
    case .corrupted(let path, let detail): "\(path): the repository is damaged: \(detail) (try: git fsck)"
    case .tooLarge(let what, let limit): "\(what) is larger than the limit of \(limit) bytes"
    case .timedOut(let command, let after):
      "git \(command) did not finish within \(after.components.seconds) s"
    case .noDescriptors: "cannot run git: no file descriptors left: raise the limit (ulimit -n)"
    case .cancelled: "cancelled"
    case .unexpected(let command, let detail): "git \(command) failed: \(detail)"
    }
  }

  private static func noSuchRef(_ ref: String, _ branches: [String], _ suggestion: String?) -> String {
    var text = "\(ref): no such branch, tag or commit"
    if let suggestion { text += ", did you mean \(suggestion)?" }
    if !branches.isEmpty {
      text += " (branches: \(branches.prefix(10).joined(separator: ", "))\(branches.count > 10 ? ", …" : ""))"
    }
    return text
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
