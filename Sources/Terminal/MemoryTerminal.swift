import Synchronization

/// A terminal in memory, for golden screens and for driving a program by script.
public final class MemoryTerminal: TerminalBackend {
  private struct State {
    var size: Size
    var theme: Theme
    var last: Frame?
    var shown = 0
    var copied: [String] = []
    var closed = false
  }

  private let state: Mutex<State>
  private let continuation: AsyncStream<TerminalEvent>.Continuation
  public let events: AsyncStream<TerminalEvent>
  public let glyphs: GlyphSet
  public let depth: ColorDepth

  public init(size: Size, glyphs: GlyphSet = .unicode, depth: ColorDepth = .indexed256, theme: Theme = .plain)
  {
    state = Mutex(State(size: size, theme: theme))
    self.glyphs = glyphs
    self.depth = depth
    (events, continuation) = AsyncStream.makeStream()
    continuation.yield(.resize(size))
  }

  public var size: Size { state.withLock { $0.size } }
  /// The frame last presented.
  public var frame: Frame? { state.withLock { $0.last } }
  public var theme: Theme { state.withLock { $0.theme } }
  /// How many frames were presented.
  public var frameCount: Int { state.withLock { $0.shown } }
  /// What was copied to the clipboard, oldest first.
  public var copied: [String] { state.withLock { $0.copied } }
  public var isClosed: Bool { state.withLock { $0.closed } }
  /// What is on the screen, as text.
  public var text: String { frame?.text ?? "" }

  public func present(_ frame: Frame) {
    state.withLock {
      guard !$0.closed else { return }
      $0.last = frame
      $0.shown += 1
    }
  }

  public func setTheme(_ theme: Theme) { state.withLock { $0.theme = theme } }

  public func copy(_ text: String) { state.withLock { $0.copied.append(text) } }

  public func close() {
    state.withLock { $0.closed = true }
    continuation.finish()
  }

  /// Reports an event to whoever reads ``events``.
  public func send(_ event: TerminalEvent) {
    if case .resize(let size) = event { state.withLock { $0.size = size } }
    continuation.yield(event)
  }

  /// Presses keys, in order.
  public func press(_ keys: Key...) {
    for key in keys { send(.key(key)) }
  }
}
