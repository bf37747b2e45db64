import Foundation
import Terminal
import Yams

/// How a user wants the dashboard to begin; `nil` and empty say nothing.
public struct Preferences: Hashable, Sendable {
  public var theme: String?
  public var sort: String?
  public var group: String?
  public var filter: String?
  public var columns: [String]?
  /// A name of ``PreferenceWords/spans``.
  public var span: String?
  /// 1...60.
  public var fps: Int?
  public var mouse: Bool?
  public var ascii: Bool?
  /// Keys by action name.
  public var keys: [String: [Key]] = [:]

  public init() {}
}

/// The words that the dashboard knows.
public struct PreferenceWords: Sendable {
  public var sorts: [String]
  public var columns: [String]
  public var spans: [String]
  public var actions: [String]

  public init(sorts: [String], columns: [String], spans: [String], actions: [String]) {
    self.sorts = sorts
    self.columns = columns
    self.spans = spans
    self.actions = actions
  }
}

/// Reads `dashboard.yaml`. What is right in it counts, whatever else is wrong: a slip in a file of preferences must
/// not keep an operator from the plant.
public enum PreferencesFile {
  private static let fields = [
    "theme", "sort", "group", "filter", "columns", "span", "fps", "mouse", "ascii", "keys",
  ]

  /// `$XDG_CONFIG_HOME/fabgitops/dashboard.yaml`, or below `~/.config`.
  public static func path(_ environment: [String: String]) -> String? {
    ThemeLibrary.userDirectory(environment).map {
      $0.dropLast("themes".count) + "dashboard.yaml"
    }
  }

  /// The preferences in a file; a file that is not there says nothing.
  public static func load(_ path: String, _ words: PreferenceWords) -> (Preferences, [ThemeProblem]) {
    guard FileManager.default.fileExists(atPath: path) else { return (Preferences(), []) }
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else {
      return (
        Preferences(),
        [ThemeProblem(file: path, line: 1, column: 1, message: "cannot be read as UTF-8 text")]
      )
    }
    return parse(text, file: path, words)
  }

  /// What a text says, and every mistake in it. A file of comments alone says nothing.
  public static func parse(
    _ yaml: String, file: String, _ words: PreferenceWords
  ) -> (Preferences, [ThemeProblem]) {
    var preferences = Preferences()
    let isEmpty = yaml.split(separator: "\n").allSatisfy { line in
      line.drop { $0 == " " || $0 == "\r" }.first.map { $0 == "#" } ?? true
    }
    guard !isEmpty else { return (preferences, []) }
    let root: Node
    do throws(ThemeError) { root = try NodeWalk.root(yaml, file: file) } catch {
      if case .invalid(let problems) = error { return (preferences, problems) }
      return (preferences, [])
    }
    var walk = NodeWalk(file: file)
    guard let found = walk.mapping(root, of: "the file", keys: fields) else {
      return (preferences, walk.problems)
    }
    preferences.theme = found["theme"].flatMap { walk.text($0, "theme") }
    preferences.group = found["group"].flatMap { walk.text($0, "group") }
    preferences.filter = found["filter"].flatMap { walk.text($0, "filter") }
    preferences.sort = found["sort"].flatMap { walk.word($0, "sort", among: words.sorts) }
    preferences.span = found["span"].flatMap { walk.word($0, "span", among: words.spans) }
    preferences.mouse = found["mouse"].flatMap { flag($0, "mouse", &walk) }
    preferences.ascii = found["ascii"].flatMap { flag($0, "ascii", &walk) }
    if let node = found["fps"] {
      let number = node.int
      if number.map({ (1...60).contains($0) }) == true {
        preferences.fps = number
      } else {
        walk.report(node, "fps: a number from 1 to 60")
      }
    }
    preferences.columns = found["columns"].flatMap { columns($0, words, &walk) }
    if let node = found["keys"] { preferences.keys = keys(node, words, &walk) }
    return (preferences, walk.problems.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
  }

  private static func flag(_ node: Node, _ path: String, _ walk: inout NodeWalk) -> Bool? {
    if let value = node.bool { return value }
    walk.report(node, "\(path): true or false")
    return nil
  }

  private static func columns(
    _ node: Node, _ words: PreferenceWords, _ walk: inout NodeWalk
  ) -> [String]? {
    guard let items = walk.list(node, "columns") else { return nil }
    var result: [String] = []
    for (_, item) in items {
      guard let word = walk.word(item, "columns", among: words.columns) else { continue }
      if result.contains(word) {
        walk.report(item, "columns: \(word) is there twice")
      } else {
        result.append(word)
      }
    }
    return result.isEmpty ? nil : result
  }

  private static func keys(
    _ node: Node, _ words: PreferenceWords, _ walk: inout NodeWalk
  ) -> [String: [Key]] {
    var result: [String: [Key]] = [:]
    var taken: [Key: String] = [:]
    guard let fields = walk.pairs(node, of: "keys") else { return [:] }
    for (name, value) in fields {
      guard let action = walk.word(name, "keys", among: words.actions),
        let items = walk.list(value, "keys.\(action)")
      else { continue }
      for (label, item) in items {
        guard let key = Key(label: label) else {
          walk.report(item, "keys.\(action): \(label) is no key; keys are like s, F5, ^L, Space, PgUp")
          continue
        }
        if let other = taken[key], other != action {
          walk.report(item, "keys.\(action): \(label) is the key of \(other) already")
          continue
        }
        taken[key] = action
        result[action, default: []].append(key)
      }
    }
    return result
  }
}
