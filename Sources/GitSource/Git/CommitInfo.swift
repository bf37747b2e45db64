import Control

/// One commit, its texts free of control characters.
public struct CommitInfo: Hashable, Sendable {
  /// Full object name.
  public var id: String
  public var author: String
  public var email: String
  /// When it was written.
  public var authored: WallTime
  /// When it got into this history.
  public var committed: WallTime
  public var subject: String

  /// First ten digits, for people.
  public var shortID: String { String(id.prefix(10)) }

  /// As Flux writes revisions: `main@sha1:0123…`.
  public func revision(ref: String) -> String { "\(ref)@\(id.count > 40 ? "sha256" : "sha1"):\(id)" }
}

/// A file of a commit.
struct TreeFile: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case file, symbolicLink, submodule, other
  }
  /// From the repository's root.
  var path: String
  var kind: Kind
  var object: String
  var size: Int
}
