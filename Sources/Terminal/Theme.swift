/// How each ``Role`` looks, at every colour depth.
///
/// A theme states colours once, in 24 bits; what 256, 16, 8 and no colours make of them is computed
/// here, unless the theme says otherwise for a role. Whatever a theme file asks for, a resolved
/// text never has less than ``minimumContrast`` against its background as long as both are known.
public struct Theme: Hashable, Sendable {
  /// What a theme says about one role.
  public struct Look: Hashable, Sendable {
    /// `nil`: as ``Role/text``.
    public var foreground: RGB?
    /// `nil`: the page behind it.
    public var background: RGB?
    public var attributes: Attributes
    /// Palette entries 0...15 for 16 and 8 colours instead of the nearest ones.
    public var ansiForeground: UInt8?
    public var ansiBackground: UInt8?
    /// Attributes without colour instead of the computed ones.
    public var mono: Attributes?

    public init(
      foreground: RGB? = nil, background: RGB? = nil, attributes: Attributes = [],
      ansiForeground: UInt8? = nil, ansiBackground: UInt8? = nil, mono: Attributes? = nil
    ) {
      self.foreground = foreground
      self.background = background
      self.attributes = attributes
      self.ansiForeground = ansiForeground
      self.ansiBackground = ansiBackground
      self.mono = mono
    }
  }

  /// WCAG 2.1 level AA for text.
  public static let minimumContrast = 4.5

  /// The name that `--theme` takes.
  public let name: String
  /// One line for the theme list.
  public let summary: String
  /// Whether the page is dark; decides what an unknown terminal background is taken for.
  public let isDark: Bool
  private let looks: [Look]

  /// Roles missing from `looks` look like plain text.
  public init(name: String, summary: String = "", isDark: Bool = true, looks: [Role: Look]) {
    self.name = name
    self.summary = summary
    self.isDark = isDark
    self.looks = Role.allCases.map { looks[$0] ?? Look() }
  }

  /// What the theme says about a role.
  public func look(_ role: Role) -> Look { looks[Int(role.rawValue)] }

  /// No colours of its own: attributes only, in any terminal's own colours.
  public static let plain = Theme(
    name: "plain", summary: "Attributes only",
    looks: [
      .title: Look(attributes: .bold), .borderFocused: Look(attributes: .bold),
      .header: Look(attributes: .reverse), .headerStrong: Look(attributes: [.reverse, .bold]),
      .selection: Look(attributes: .reverse), .selectionUnfocused: Look(attributes: .underline),
      .marked: Look(attributes: .bold), .match: Look(attributes: .underline),
      .tabActive: Look(attributes: .reverse), .badgeWarning: Look(attributes: .reverse),
      .keyHintKey: Look(attributes: .bold), .keyDisabled: Look(attributes: .dim),
      .dim: Look(attributes: .dim), .dialogDanger: Look(attributes: [.reverse, .bold]),
      .buttonFocused: Look(attributes: .reverse), .input: Look(attributes: .underline),
      .inputCursor: Look(attributes: .reverse), .drifted: Look(attributes: .bold),
      .unreachable: Look(attributes: .bold), .contested: Look(attributes: .bold),
      .invalid: Look(attributes: .bold), .hold: Look(attributes: [.reverse, .bold]),
      .warning: Look(attributes: .bold), .alarm: Look(attributes: [.reverse, .bold]),
      .cursor: Look(attributes: .reverse), .keyHint: Look(attributes: []),
    ])
}

/// A style resolved for one terminal.
public struct Appearance: Hashable, Sendable {
  public var foreground: Paint
  public var background: Paint
  public var attributes: Attributes

  public init(foreground: Paint, background: Paint, attributes: Attributes) {
    self.foreground = foreground
    self.background = background
    self.attributes = attributes
  }
}
