import Terminal

/// How to run a terminal session.
public struct NcursesOptions: Sendable {
  /// Frames a second at most, 1...120.
  public var framesPerSecond = 10
  /// Report the mouse; off unless asked for, because it takes away the terminal's own selection.
  public var mouse = false
  /// Glyphs; `nil` decides from the terminal and the locale.
  public var glyphs: GlyphSet?
  /// Use at most this many colours; `NO_COLOR` and the terminal may lower it further.
  public var maximumDepth: ColorDepth = .trueColor
  public var theme: Theme = .plain
  /// How long after Escape another byte still makes it a key sequence.
  public var escapeMilliseconds = 25
  /// The terminal's speed, if known to be low; else it is taken from the terminal's settings.
  public var bytesPerSecond: Int?
  /// The terminal's device; `nil` is the one standard output is connected to.
  public var device: String?
  /// The terminal's type; `nil` takes `TERM`.
  public var type: String?
  /// No colours at all; `nil` obeys the `NO_COLOR` variable (no-color.org).
  public var noColor: Bool?

  public init() {}
}
