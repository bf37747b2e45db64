/// Something that shows frames and reports keys: the real terminal, or one in memory for tests.
public protocol TerminalBackend: AnyObject, Sendable {
  /// The size a frame should have now.
  var size: Size { get }
  /// The characters that this terminal can show.
  var glyphs: GlyphSet { get }
  var depth: ColorDepth { get }
  /// Keys and other reports, in order; ends when the back end is closed. For one consumer.
  var events: AsyncStream<TerminalEvent> { get }

  /// Shows a frame soon. Never blocks; if the terminal is slow only the newest frame is shown.
  func present(_ frame: Frame)
  /// Changes the colours of this and later frames.
  func setTheme(_ theme: Theme)
  /// Offers text to the user's clipboard (OSC 52), as far as the terminal can.
  func copy(_ text: String)
  /// Gives the terminal back as it was. Later calls do nothing.
  func close()
}
