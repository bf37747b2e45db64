import Terminal

/// A mistake in a theme file, with its place; line and column count from 1.
public struct ThemeProblem: Error, Hashable, Sendable, CustomStringConvertible {
  public let file: String
  public let line: Int
  public let column: Int
  public let message: String

  public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Why there is no theme.
public enum ThemeError: Error, Sendable, CustomStringConvertible {
  /// The file has mistakes: all of them, in the order of the file.
  case invalid([ThemeProblem])
  /// No theme has that name; these exist.
  case unknown(String, known: [String])
  /// The file cannot be read.
  case unreadable(file: String, reason: String)

  public var description: String {
    switch self {
    case .invalid(let problems): problems.map(\.description).joined(separator: "\n")
    case .unknown(let name, let known):
      "no theme is called \(TextFit.truncate(TextFit.prefix(of: name, columns: 60), to: 60))"
        + (Suggestion.nearest(to: name, among: known).map { ", did you mean \($0)?" } ?? "")
        + " (themes: \(known.joined(separator: ", ")))"
    case .unreadable(let file, let reason): "\(file): \(reason)"
    }
  }
}

/// Reads theme files: YAML with `name`, `summary`, `dark`, `palette` and `roles`.
public enum ThemeFile {
  /// Larger files are refused unread.
  static let sizeLimit = 256 * 1024

  /// The theme that `yaml` describes. `file` is only for messages.
  /// - Throws: ``ThemeError/invalid(_:)`` with every mistake.
  public static func parse(_ yaml: String, file: String) throws(ThemeError) -> Theme {
    let root = try NodeWalk.root(yaml, file: file)
    var reader = ThemeReader(file: file)
    let theme = reader.read(root)
    guard let theme, reader.problems.isEmpty else {
      let places = reader.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
      throw .invalid(places)
    }
    return theme
  }
}
