import Foundation
import Terminal
import Testing

@testable import NcursesTerminal

/// A real curses session on a pseudo-terminal. One at a time: there is one terminal per process.
@Suite(.serialized, .timeLimit(.minutes(5))) struct NcursesSessionTests {
  init() { setenv("LC_ALL", "C.UTF-8", 1) }

  private func options(_ terminal: PseudoTerminal, type: String = "xterm-256color") -> NcursesOptions {
    var options = NcursesOptions()
    options.device = terminal.path
    options.type = type
    options.framesPerSecond = 100
    options.noColor = false
    return options
  }

  private func frame(_ text: String, size: Size = Size(40, 5)) -> Frame {
    var frame = Frame(size: size)
    frame.put(text, at: Point(1, 1), style: .text)
    return frame
  }

  @Test func showsFramesAndGivesTheTerminalBack() throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    let before = terminal.modes
    let session = try NcursesSession.open(options(terminal))
    #expect(session.size == Size(40, 5) && session.depth == .indexed256 && session.glyphs == .unicode)
    #expect(terminal.modes != before)
    session.present(frame("Grüße 日本"))
    let first = try #require(terminal.output(until: "Grüße 日本"))
    #expect(first.contains("\u{1B}[?1049h"))
    // Only what differs is sent.
    session.present(frame("Grüße 月本"))
    let second = try #require(terminal.output(until: "月"))
    #expect(!second.contains("Grüße") && second.utf8.count < 40)
    session.close()
    session.close()
    let last = terminal.output()
    #expect(last.contains("\u{1B}[?1049l") && last.contains("\u{1B}[?2004l"))
    #expect(last.contains("\u{1B}[?25h") || last.contains("\u{1B}[?12l\u{1B}[?25h"))
    #expect(terminal.modes == before)
  }

  @Test func anUnchangedFrameCostsNothing() throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    let session = try NcursesSession.open(options(terminal))
    defer { session.close() }
    session.present(frame("same"))
    _ = try #require(terminal.output(until: "same"))
    session.present(frame("same"))
    session.present(frame("same"))
    session.copy("mark")
    let rest = try #require(terminal.output(until: "\u{7}"))
    #expect(rest == "\u{1B}]52;c;bWFyaw==\u{7}")
  }

  @Test func reportsKeysPasteAndSizes() async throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    let session = try NcursesSession.open(options(terminal))
    session.present(frame("x"))
    _ = try #require(terminal.output(until: "x"))
    terminal.type("j\u{1B}[A\u{1B}[200~two\rlines\u{1B}[201~é")
    var events: [TerminalEvent] = []
    for await event in session.events {
      events.append(event)
      switch event {
      case .key(.character("é")): terminal.type("\u{1B}")
      case .key(.escape):
        terminal.resize(Size(60, 9))
        kill(getpid(), SIGWINCH)
      case .resize(Size(60, 9)): kill(getpid(), SIGINT)
      case .request(.interrupt): kill(getpid(), SIGTERM)
      case .request(.terminate): session.close()
      default: break
      }
    }
    #expect(
      events == [
        .resize(Size(40, 5)), .key(.character("j")), .key(.up), .paste("two\nlines"), .key(.character("é")),
        .key(.escape), .resize(Size(60, 9)), .request(.interrupt), .request(.terminate),
      ])
    #expect(session.size == Size(60, 9))
  }

  @Test func hangUpIsReportedOnceAndClosesQuietly() async throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    let session = try NcursesSession.open(options(terminal))
    session.present(frame("x"))
    _ = try #require(terminal.output(until: "x"))
    terminal.hangUp()
    var hangups = 0
    for await event in session.events where event == .hangup {
      hangups += 1
      session.present(frame("nobody sees this"))
      session.close()
    }
    #expect(hangups == 1)
  }

  @Test func aTerminalThatTakesNothingBlocksNobody() async throws {
    let terminal = try #require(PseudoTerminal(Size(200, 50)))
    let session = try NcursesSession.open(options(terminal))
    var random = SystemRandomNumberGenerator()
    // Far more than the line holds; nothing is read.
    for _ in 0..<60 {
      var noise = Frame(size: session.size)
      for y in 0..<50 {
        let line = (0..<200).map { _ in Character(Unicode.Scalar(UInt8.random(in: 33...126, using: &random)))
        }
        noise.put(String(line), at: Point(0, y), style: .text)
      }
      session.present(noise)
    }
    // Keys still arrive.
    terminal.type("k")
    var got = false
    for await event in session.events where event == .key(.character("k")) {
      got = true
      break
    }
    #expect(got)
    let before = Date()
    session.close()
    #expect(Date().timeIntervalSince(before) < 20)
  }

  @Test func otherTerminalsAndLocales() throws {
    for (type, locale, glyphs, depth) in [
      ("linux", "C.UTF-8", GlyphSet.console, ColorDepth.ansi8), ("vt100", "C", .ascii, .mono),
      ("screen", "C", .ascii, .ansi8), ("tmux-256color", "C.UTF-8", .unicode, .indexed256),
      ("vt220", "C.UTF-8", .unicode, .mono), ("xterm-direct", "C.UTF-8", .unicode, .trueColor),
    ] {
      setenv("LC_ALL", locale, 1)
      let terminal = try #require(PseudoTerminal(Size(40, 5)))
      let session = try NcursesSession.open(options(terminal, type: type))
      defer { session.close() }
      #expect(session.glyphs == glyphs && session.depth == depth, "\(type) \(locale)")
      session.present(frame("naïve 日 end"))
      let shown = try #require(terminal.output(until: "end"))
      #expect(shown.contains(locale == "C" ? "na?ve ??" : "naïve 日"), "\(type) \(locale)")
      if locale == "C" { #expect(shown.utf8.allSatisfy { $0 < 0x80 }) }
    }
  }

  @Test func noColour() throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    var custom = options(terminal)
    custom.noColor = true
    let session = try NcursesSession.open(custom)
    defer { session.close() }
    #expect(session.depth == .mono)
  }

  @Test func whatCannotBeUsedIsSaid() throws {
    let terminal = try #require(PseudoTerminal(Size(40, 5)))
    let before = terminal.modes
    for (type, expected) in [
      ("dumb", NcursesError.cannotPosition("dumb")), ("no-such-terminal", .unknownType("no-such-terminal")),
      ("", .noType),
    ] {
      #expect(throws: expected) { try NcursesSession.open(options(terminal, type: type)) }
    }
    var custom = options(terminal)
    custom.device = "/dev/null"
    #expect(throws: NcursesError.notATerminal) { try NcursesSession.open(custom) }
    custom.device = "/no/such/device"
    #expect(throws: NcursesError.device("No such file or directory")) { try NcursesSession.open(custom) }
    #expect(terminal.modes == before && terminal.output() == "")
    #expect(NcursesError.unknownType("a\u{1B}b").description.contains("a␛b"))
    // And nothing of that stands in the way of the next.
    let session = try NcursesSession.open(self.options(terminal))
    #expect(throws: NcursesError.inUse) { try NcursesSession.open(self.options(terminal)) }
    session.close()
  }

  @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
  func base64(text: String, expected: String) {
    #expect(Base64.encode(Array(text.utf8)) == expected)
  }
}
