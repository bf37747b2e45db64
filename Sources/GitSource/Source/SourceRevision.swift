import Control
import Fleet
import Manifest

/// A commit whose manifests are all valid.
public struct SourceRevision: Sendable {
  /// As `main@sha1:0123…`.
  public var name: String
  public var ref: String
  public var commit: CommitInfo
  /// Sorted by id.
  public var devices: [ManifestDevice]
  /// Worth a look, but no reason not to apply the rest.
  public var warnings: [Diagnostic]

  /// Where the desired values of a device are written, one per register.
  public func sources(of device: ManifestDevice) -> [SourceLocation?] {
    device.sources.map { SourceLocation(file: $0.location.file, line: $0.location.line) }
  }
}

/// Why a source cannot be used.
public enum SourceFailure: Error, Sendable, CustomStringConvertible {
  case git(GitFailure)
  /// The commit has mistakes; the whole of it is not applied.
  case invalid(revision: String, commit: CommitInfo, diagnostics: [Diagnostic])
  /// `--require-signed`, and git does not accept the signature.
  case unsigned(revision: String, commit: CommitInfo, problem: String)

  /// One line each.
  public var problems: [String] {
    switch self {
    case .git(let failure): [failure.description]
    case .invalid(_, _, let diagnostics): diagnostics.filter { $0.severity == .error }.map(\.description)
    case .unsigned(_, let commit, let problem):
      ["commit \(commit.shortID) by \(commit.author) has no signature that git accepts: \(problem)"]
    }
  }

  public var description: String { problems.joined(separator: "\n") }
}

/// Something changed at the source. Carries everything, so that a late reader needs only the newest.
public struct SourceUpdate: Sendable {
  /// For the screen.
  public var status: SourceStatus
  /// The last good commit; `nil`: none yet.
  public var inForce: SourceRevision?
  /// `inForce` is another than in the update before.
  public var isNewRevision: Bool
  /// Why the newest state of the source is not in force; `nil`: it is.
  public var failure: SourceFailure?
}
