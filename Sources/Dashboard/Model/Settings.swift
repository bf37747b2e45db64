import Control
import Fleet
import Terminal

/// What the dashboard is given once, at the start.
public struct Settings: Sendable {
  public var capabilities: Capabilities
  /// Who the operator is, for the audit.
  public var operatorName: String
  /// The themes to choose from, and the one in force at the start (by name; the first when unknown).
  public var themes: [Theme]
  public var themeName: String
  public var glyphs: GlyphSet
  /// Seconds east of UTC at a time, for every time that is shown.
  public var utcOffset: @Sendable (WallTime) -> Int32
  public var sort: SortOrder
  public var grouping: Grouping
  /// In the filter's own language, as typed after `/`.
  public var filter: String
  /// Columns of the fleet list in their order; `nil` chooses by the width.
  public var columns: [FleetColumn]?
  /// What the timeline shows at the start.
  public var span: TimeSpan
  public var keys: KeyTable
  /// Mistakes in the operator's own settings, which keep nobody out; `!` lists them.
  public var mistakes: [String] = []

  public init(
    capabilities: Capabilities, operatorName: String, themes: [Theme] = [.plain], themeName: String = "",
    glyphs: GlyphSet = .unicode, utcOffset: @escaping @Sendable (WallTime) -> Int32 = { _ in 0 },
    sort: SortOrder = .worst, grouping: Grouping = .none, filter: String = "", columns: [FleetColumn]? = nil,
    span: TimeSpan = .seconds(900), keys: KeyTable = .standard
  ) {
    self.capabilities = capabilities
    self.operatorName = operatorName
    self.themes = themes.isEmpty ? [.plain] : themes
    self.themeName = themeName
    self.glyphs = glyphs
    self.utcOffset = utcOffset
    self.sort = sort
    self.grouping = grouping
    self.filter = filter
    self.columns = columns
    self.span = span
    self.keys = keys
  }
}
