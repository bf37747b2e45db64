import Foundation
import Manifest

/// Where the desired state is: a directory of this machine, or a repository that must be fetched.
public enum SourceOrigin: Hashable, Sendable {
  case local(path: String)
  case remote(url: String)

  /// Reads what a user gave as `--git`: a path, a URL, or `user@host:path` as ssh has it.
  public init(_ text: String) throws(GitFailure) {
    let shown = PrintableText.escaped(text, limit: 200)
    if text.isEmpty || text.hasPrefix("-") { throw .badOrigin(shown, reason: "not a path or URL") }
    if text.unicodeScalars.contains(where: PrintableText.isUnprintable) {
      throw .badOrigin(shown, reason: "contains control characters")
    }
    if FileManager.default.fileExists(atPath: text) {
      self = .local(path: text)
    } else if let range = text.range(of: "://") {
      let scheme = text[..<range.lowerBound]
      guard ["https", "http", "ssh", "git", "file"].contains(String(scheme)) else {
        throw .badOrigin(
          Self.redacted(shown), reason: "cannot fetch \(scheme):// (use https, ssh, git or file)")
      }
      guard !Self.hasPassword(text) else {
        throw .badOrigin(
          Self.redacted(shown),
          reason:
            "a password in the URL would be seen in the list of processes, in logs and metrics: leave it to "
            + "git's credential helper, ~/.netrc or an SSH key")
      }
      self = .remote(url: text)
    } else if let colon = text.firstIndex(of: ":"), !text[..<colon].contains("/") {
      guard text[text.index(after: colon)...].first != ":" else {
        throw .badOrigin(shown, reason: "remote helpers are not allowed")
      }
      self = .remote(url: text)
    } else {
      self = .local(path: text)
    }
  }

  /// For the screen and for messages: no password, no control characters.
  public var displayName: String {
    switch self {
    case .local(let path): PrintableText.escaped(path)
    case .remote(let url): Self.redacted(PrintableText.escaped(url))
    }
  }

  private static func hasPassword(_ url: String) -> Bool { redacted(url) != url }

  /// Drops `user:password@` down to `user@`.
  static func redacted(_ url: String) -> String {
    guard let scheme = url.range(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" }
    guard let at = authority.lastIndex(of: "@") else { return url }
    let user = authority[..<at].prefix { $0 != ":" }
    return String(url[..<scheme.upperBound] + user + rest[at...])
  }
}
