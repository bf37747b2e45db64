import Control
import Fleet
import Terminal

/// The reference page of the dashboard, from the tables that the dashboard itself works by.
public enum KeyReference {
  /// `docs/reference/dashboard.md`.
  public static var markdown: String {
    var text = """
      # The dashboard: keys, filters, commands

      Made from the tables that dispatch the keys; a test compares. `?` shows the part that is in force.

      """
    text += "\n## Keys\n"
    for context in order { text += section(context) }
    text += filters + sorts + commands + columns + signs
    return text
  }

  private static let order: [KeyContext] = [
    .everywhere, .panes, .fleet, .reality, .timeline, .sparkline, .events, .filter, .palette, .sync, .confirm,
    .shelve, .reason, .themes, .reader, .help,
  ]

  private static func section(_ context: KeyContext) -> String {
    let bindings = KeyTable.standard.bindings(in: [context])
    guard !bindings.isEmpty else { return "" }
    let named = context.isPaneLike
    var lines = ["\n### \(context.heading)\n", named ? "| key | does | name |" : "| key | does |"]
    lines.append(named ? "|---|---|---|" : "|---|---|")
    for binding in bindings {
      let keys = binding.keys.map { code($0.label) }.joined(separator: " ")
      lines.append("| \(keys) | \(binding.help) |" + (named ? " `\(binding.action.rawValue)` |" : ""))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func code(_ text: String) -> String {
    "`\(text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|"))`"
  }

  private static func table(_ title: String, _ intro: String, _ head: String, _ rows: [(String, String)])
    -> String
  {
    let lines = rows.map { "| \(code($0.0)) | \($0.1) |" }
    return "\n## \(title)\n\n\(intro)\n\n| \(head) | means |\n|---|---|\n" + lines.joined(separator: "\n")
      + "\n"
  }

  private static var filters: String {
    table(
      "Filter", "After `/`. Words must all hold; `!` before one turns it round. It filters as you type.",
      "word",
      (Filter.words + Filter.forms).map { ($0.word, $0.meaning) })
      + "\nIn the events pane: a piece of the reason, device, register or message; `notice`, `warning` and `alarm` "
      + "mean this severity or worse.\n"
  }

  private static var sorts: String {
    table(
      "Sort orders and groups", "`o` and `:sort`; `O` and `:group` (also by any label's key).", "order",
      SortOrder.allCases.map { ($0.rawValue, $0.title) }
        + Grouping.words.map { ("group \($0)", Grouping.meaning($0)) })
  }

  private static var commands: String {
    table(
      "Commands", "After `:`; `Tab` completes, and a beginning that is not ambiguous will do.", "command",
      PaletteCommand.all.map { ($0.argument.isEmpty ? $0.name : "\($0.name) \($0.argument)", $0.summary) })
  }

  private static var columns: String {
    table(
      "Columns", "For `columns` in `dashboard.yaml`.", "column",
      FleetColumn.allCases.map { ($0.rawValue, $0.meaning) })
  }

  private static var signs: String {
    let glyphs = GlyphSet.allCases
    var lines = ["\n## Signs\n", "State is never told by colour alone.\n"]
    lines.append("| state | UTF-8 | Linux console | ASCII | in the timeline |\n|---|---|---|---|---|")
    for role in Role.states {
      let marks = glyphs.map { code($0.state(role).text) }.joined(separator: " | ")
      lines.append(
        "| \(role.name) | \(marks) | \(glyphs.map { code($0.lane(role).text) }.joined(separator: " ")) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}

/// What may be said in the file of preferences.
public enum DashboardWords {
  public static var sorts: [String] { SortOrder.allCases.map(\.rawValue) }
  public static var columns: [String] { FleetColumn.allCases.map(\.rawValue) }
  public static var spans: [String] { TimelineState.spans.map { TimelineState.word($0.name) } }

  /// The sort order, grouping, columns and span behind words that are known.
  public static func grouping(_ word: String) -> Grouping { Grouping(word: word) }
  public static func span(_ word: String) -> TimeSpan? {
    TimelineState.spans.first { TimelineState.word($0.name) == word }?.span
  }
}
