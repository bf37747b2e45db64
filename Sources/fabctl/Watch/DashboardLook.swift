import Control
import Dashboard
import Fleet
import Foundation
import NcursesTerminal
import Terminal
import ThemeFiles

/// What the options and the user's preferences come to together: options first.
struct DashboardLook {
  let shelf: ThemeShelf
  /// Mistakes in the preferences, to be told on the screen: they keep nobody out.
  let problems: [String]
  private let options: WatchOptions
  private let preferences: Preferences
  private let keys: KeyTable

  init(_ options: WatchOptions) throws {
    let environment = ProcessInfo.processInfo.environment
    let words = PreferenceWords(
      sorts: DashboardWords.sorts, columns: DashboardWords.columns, spans: DashboardWords.spans,
      actions: KeyTable.actionNames)
    let path = options.config ?? PreferencesFile.path(environment)
    let (preferences, mistakes) = path.map { PreferencesFile.load($0, words) } ?? (Preferences(), [])
    let (keys, refused) = KeyTable.standard.rebinding(preferences.keys)
    var problems = mistakes.map(\.description) + refused.map { "\(path ?? "") \($0)" }
    if let wanted = options.theme {
      shelf = try ThemeShelf.load(wanted: wanted)
    } else {
      do {
        shelf = try ThemeShelf.load(wanted: preferences.theme ?? ThemeLibrary.defaultName)
      } catch let failure as CommandFailure {
        problems += failure.lines.map { "\(path ?? "") theme: \($0)" }
        shelf = try ThemeShelf.load(wanted: ThemeLibrary.defaultName)
      }
    }
    self.options = options
    self.preferences = preferences
    self.keys = keys
    self.problems = problems
  }

  /// For the line at the bottom of the first screen: the first mistake, without the folder it is in.
  var toldAtOnce: String? {
    guard let first = problems.first else { return nil }
    let folder = (options.config ?? PreferencesFile.path(ProcessInfo.processInfo.environment) ?? "").split(
      separator: "/")
    let prefix = "/" + folder.dropLast().joined(separator: "/") + "/"
    let short = first.hasPrefix(prefix) ? String(first.dropFirst(prefix.count)) : first
    return problems.count == 1 ? short : "(1 of \(problems.count), ! lists them) \(short)"
  }

  var terminal: NcursesOptions {
    var result = NcursesOptions()
    result.framesPerSecond = options.fps ?? preferences.fps ?? 10
    result.mouse = options.mouse ?? preferences.mouse ?? false
    result.theme = shelf.chosen
    if options.ascii || preferences.ascii == true { result.glyphs = .ascii }
    return result
  }

  func settings(
    _ capabilities: Capabilities, glyphs: GlyphSet,
    utcOffset: @escaping @Sendable (WallTime) -> Int32 = DashboardRuntime.localOffset
  ) -> Settings {
    var settings = Settings(
      capabilities: capabilities, operatorName: Operator.name, themes: shelf.themes,
      themeName: shelf.chosen.name, glyphs: glyphs, utcOffset: utcOffset, keys: keys)
    if let sort = (options.sort ?? preferences.sort).flatMap(SortOrder.init(rawValue:)) {
      settings.sort = sort
    }
    if let group = options.group ?? preferences.group { settings.grouping = DashboardWords.grouping(group) }
    settings.filter = options.filter ?? preferences.filter ?? ""
    settings.columns = preferences.columns?.compactMap(FleetColumn.init(rawValue:))
    if let span = preferences.span.flatMap(DashboardWords.span) { settings.span = span }
    settings.mistakes = problems
    return settings
  }

  /// Takes the terminal over.
  func openTerminal() throws -> NcursesSession {
    do throws(NcursesError) {
      return try NcursesSession.open(terminal)
    } catch {
      throw CommandFailure(.usage, "fabctl: \(error)")
    }
  }
}
