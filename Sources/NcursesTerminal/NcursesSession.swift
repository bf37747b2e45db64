import CNcurses
import Glibc
import Synchronization
import Terminal

/// The real terminal. One thread owns it: it reads keys, draws frames, and puts everything back as it
/// was on every way out, including `exit`, a crash and a kill. One session at a time per process.
public final class NcursesSession: TerminalBackend {
  private let mailbox: Mailbox
  private let thread: pthread_t
  public let events: AsyncStream<TerminalEvent>
  public let glyphs: GlyphSet
  public let depth: ColorDepth

  /// Takes the terminal over.
  /// - Throws: ``NcursesError``, with the terminal as it was.
  public static func open(_ options: NcursesOptions = NcursesOptions()) throws(NcursesError) -> NcursesSession
  {
    guard inUse.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
    else {
      throw .inUse
    }
    do {
      return try NcursesSession(options)
    } catch {
      inUse.store(false, ordering: .releasing)
      throw error
    }
  }

  static let inUse = Atomic<Bool>(false)

  private init(_ options: NcursesOptions) throws(NcursesError) {
    let (stream, continuation) = AsyncStream<TerminalEvent>.makeStream()
    let mailbox = Mailbox()
    let loop = try TerminalLoop(options: options, mailbox: mailbox, events: continuation)
    events = stream
    self.mailbox = mailbox
    glyphs = loop.glyphs
    depth = loop.depth
    let box = Unmanaged.passRetained(loop)
    var thread = pthread_t()
    let result = pthread_create(&thread, nil, runLoop, box.toOpaque())
    guard result == 0 else {
      loop.leave()
      box.release()
      throw .device("no thread: error \(result)")
    }
    self.thread = thread
  }

  deinit { close() }

  public var size: Size { mailbox.size }

  public func present(_ frame: Frame) { mailbox.put { $0.frame = frame } }

  public func setTheme(_ theme: Theme) { mailbox.put { $0.theme = theme } }

  public func copy(_ text: String) { mailbox.put { $0.copies.append(text) } }

  /// Stops the process as Control-Z does: the terminal is given back until `fg`.
  public func suspend() { cn_signals_notify(UInt8(truncatingIfNeeded: CN_EVENT_TSTP)) }

  /// Paints the whole screen again, for a terminal that somebody else wrote on.
  public func redraw() { mailbox.put { $0.redraw = true } }

  public func close() {
    guard mailbox.beginClosing() else { return }
    pthread_join(thread, nil)
  }
}

/// What other threads leave for the terminal's thread; the newest frame replaces an older one.
final class Mailbox: Sendable {
  struct Letters {
    var frame: Frame?
    var theme: Theme?
    var copies: [String] = []
    var redraw = false
  }

  private struct State {
    var letters = Letters()
    var hasLetters = false
    var closing = false
    var size = Size(80, 24)
  }

  private let state = Mutex(State())

  var size: Size { state.withLock { $0.size } }

  func setSize(_ size: Size) { state.withLock { $0.size = size } }

  func put(_ change: (inout Letters) -> Void) {
    let wake = state.withLock { state in
      defer { state.hasLetters = true }
      change(&state.letters)
      return !state.hasLetters
    }
    if wake { cn_signals_notify(UInt8(truncatingIfNeeded: CN_EVENT_WAKE)) }
  }

  /// Everything that has arrived; `closing` comes with it.
  func take() -> (letters: Letters, closing: Bool) {
    state.withLock { state in
      defer {
        state.letters = Letters()
        state.hasLetters = false
      }
      return (state.letters, state.closing)
    }
  }

  /// False when it had begun before.
  func beginClosing() -> Bool {
    let first = state.withLock { state in
      defer { state.closing = true }
      return !state.closing
    }
    if first { cn_signals_notify(UInt8(truncatingIfNeeded: CN_EVENT_WAKE)) }
    return first
  }
}

private func runLoop(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  // The name is what tools show, and what the benchmarks tell the threads apart by.
  cn_name_thread("terminal")
  let loop = Unmanaged<TerminalLoop>.fromOpaque(argument).takeRetainedValue()
  loop.run()
  return nil
}
