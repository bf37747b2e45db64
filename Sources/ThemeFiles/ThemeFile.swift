import Terminal
import Yams

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
    var reader = ThemeReader(file: file)
    guard yaml.utf8.count <= sizeLimit else {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "larger than 256 KiB")])
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch let error as YamlError {
      throw .invalid([syntaxProblem(error, file: file)])
    } catch {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "\(error)")])
    }
    guard let root else {
      throw .invalid([ThemeProblem(file: file, line: 1, column: 1, message: "the file is empty")])
    }
    let theme = reader.read(root)
    guard let theme, reader.problems.isEmpty else {
      let places = reader.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) }
      throw .invalid(places)
    }
    return theme
  }

  private static func syntaxProblem(_ error: YamlError, file: String) -> ThemeProblem {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ThemeProblem(file: file, line: mark.line, column: mark.column, message: problem)
    default: ThemeProblem(file: file, line: 1, column: 1, message: "not readable as YAML")
    }
  }
}
