import CNcurses
import Glibc
import Terminal

/// The thread that owns the terminal: waits for keys, signals and frames, and does nothing else.
final class TerminalLoop {
  private let device: TerminalDevice
  private let screen: CursesScreen
  private let type: TerminalType
  private let options: NcursesOptions
  private let mailbox: Mailbox
  private let events: AsyncStream<TerminalEvent>.Continuation
  private let signals: Int32
  let glyphs: GlyphSet
  var depth: ColorDepth { screen.depth }

  private var decoder: KeyDecoder
  private var decoderDeadline: UInt64?
  private var pacer: OutputPacer
  private var link: SSHLink?
  /// Until then a frame may be the answer to a key, which does not wait for the next picture's turn.
  private var answerUntil: UInt64 = 0
  /// Where the next part of a frame begins.
  private var nextRow = 0
  /// When to look again whether the line has drained.
  private var recheck: UInt64?
  private var frame: Frame?
  private var latest: Frame?
  private var output: [UInt8] = []
  private var written = 0
  private var isGone = false
  private var isHangUpReported = false
  private var isAway = false

  init(
    options: NcursesOptions, mailbox: Mailbox, events: AsyncStream<TerminalEvent>.Continuation
  ) throws(NcursesError) {
    let device = try TerminalDevice(path: options.device)
    let name = try Self.checkedType(options)
    let isUTF8 = Self.setLocale()
    guard cn_tty_save(device.descriptor) else { throw .device(TerminalDevice.systemError()) }
    // Before curses, which leaves alone what it finds handled.
    let signals = cn_signals_install()
    guard signals >= 0 else { throw .device(TerminalDevice.systemError()) }
    let screen: CursesScreen
    do {
      screen = try CursesScreen(type: name, size: device.size, options: options, isUTF8: isUTF8)
    } catch {
      cn_signals_remove(false)
      throw error
    }
    self.device = device
    self.screen = screen
    self.signals = signals
    self.options = options
    self.mailbox = mailbox
    self.events = events
    type = TerminalType(name: name)
    glyphs = isUTF8 ? options.glyphs ?? type.glyphs : .ascii
    decoder = KeyDecoder(
      encoding: isUTF8 ? .utf8 : .latin1, mouse: options.mouse, extra: TerminalType.keys())
    let rate = options.bytesPerSecond ?? Int(cn_line_rate(device.descriptor))
    pacer = OutputPacer(
      framesPerSecond: options.framesPerSecond, bytesPerSecond: rate > 0 ? rate : nil)
    link = SSHLink { name in getenv(name).map { String(cString: $0) } }
    enter()
    mailbox.setSize(screen.size)
    events.yield(.resize(screen.size))
  }

  /// Runs until the session is closed.
  func run() {
    while true {
      let (letters, closing) = mailbox.take()
      if closing { break }
      receive(letters)
      drawIfDue()
      wait()
    }
    leave()
  }

  private func receive(_ letters: Mailbox.Letters) {
    if let theme = letters.theme {
      screen.setTheme(theme)
      frame = frame ?? latest
    }
    if let newer = letters.frame { frame = newer }
    if letters.redraw { repaint() }
    for text in letters.copies where !isGone { output += Array(type.copy(text).utf8) }
  }

  // MARK: Waiting

  private func wait() {
    var polled = [
      pollfd(fd: signals, events: Int16(POLLIN), revents: 0),
      pollfd(fd: isGone || isAway ? -1 : device.descriptor, events: Int16(POLLIN), revents: 0),
    ]
    if hasOutput { polled[1].events |= Int16(POLLOUT) }
    _ = poll(&polled, 2, timeout(now: Self.now()))
    if polled[0].revents != 0 { readSignals() }
    let found = Int32(polled[1].revents)
    if found & (POLLIN | POLLHUP | POLLERR | POLLNVAL) != 0 && !isAway { readKeys() }
    if let deadline = decoderDeadline, Self.now() >= deadline {
      decoderDeadline = nil
      report(decoder.timeout())
    }
    if hasOutput && found & POLLOUT != 0 { flush() }
  }

  // Milliseconds until something is due; -1 for never.
  private func timeout(now: UInt64) -> Int32 {
    var next = decoderDeadline ?? .max
    if frame != nil && !hasOutput && !isGone && !isAway {
      next = min(next, max(pacer.nextFrame(now: now, answering: now < answerUntil), recheck ?? now))
    }
    guard next < .max else { return -1 }
    return next <= now ? 0 : Int32(clamping: (next - now) / 1_000_000 + 1)
  }

  private func readSignals() {
    var bytes = [UInt8](repeating: 0, count: 64)
    var seen: Set<UInt8> = []
    while true {
      let count = Glibc.read(signals, &bytes, bytes.count)
      guard count > 0 else { break }
      seen.formUnion(bytes.prefix(count))
    }
    func got(_ event: Int) -> Bool { seen.contains(UInt8(truncatingIfNeeded: event)) }
    if got(CN_EVENT_HUP) { reportHangUp() }
    if got(CN_EVENT_TERM) { events.yield(.request(.terminate)) }
    if got(CN_EVENT_INT) { events.yield(.request(.interrupt)) }
    if got(CN_EVENT_CONT) { comeBack() }
    if got(CN_EVENT_WINCH) { checkSize() }
    if got(CN_EVENT_TSTP) { goAway() }
  }

  private func readKeys() {
    switch device.read() {
    case .nothing: break
    case .gone: hangUp()
    case .bytes(let bytes):
      report(decoder.feed(bytes))
      let milliseconds: Int?
      switch decoder.patience {
      case nil: milliseconds = nil
      case .short: milliseconds = options.escapeMilliseconds
      case .long: milliseconds = 500
      case .paste: milliseconds = 5000
      }
      decoderDeadline = milliseconds.map { Self.now() &+ UInt64(max($0, 1)) * 1_000_000 }
    }
  }

  private func report(_ found: [TerminalEvent]) {
    if !found.isEmpty { answerUntil = Self.now() &+ 200_000_000 }
    for event in found { events.yield(event) }
  }

  /// The terminal is gone for good.
  private func hangUp() {
    isGone = true
    output = []
    written = 0
    cn_rescue_disarm()
    reportHangUp()
  }

  // A signal alone does not prove that the terminal is gone: it may still want restoring.
  private func reportHangUp() {
    guard !isHangUpReported else { return }
    isHangUpReported = true
    events.yield(.hangup)
  }

  // MARK: Drawing

  private var hasOutput: Bool { written < output.count }

  private func drawIfDue() {
    guard !isGone, !isAway, let frame, !hasOutput else {
      if hasOutput { flush() }
      return
    }
    let now = Self.now()
    guard pacer.nextFrame(now: now, answering: now < answerUntil) <= now, now >= recheck ?? 0 else { return }
    // A serial line tells its own queue; over SSH it is the connection's that counts.
    recheck =
      cn_output_queue(device.descriptor) > 0
      ? now &+ 20_000_000 : link?.isBusy(now: now) == true ? now &+ 40_000_000 : nil
    guard recheck == nil else { return }
    latest = frame
    let part = portion(of: frame)
    self.frame = part.isWhole ? nil : frame
    output = screen.bytes(showing: part.frame)
    written = 0
    guard hasOutput else { return }
    pacer.drew(now: now)
    flush()
  }

  /// On a slow line a frame goes in parts, of which each takes about a quarter of a second: a key's answer never waits
  /// for a whole screen.
  private func portion(of frame: Frame) -> (frame: Frame, isWhole: Bool) {
    guard let rate = link?.rate ?? pacer.rate.map(Int.init), rate < 4000, let shown = screen.shown else {
      nextRow = 0
      return (frame, true)
    }
    let part = shown.approaching(frame, cells: max(rate / 12, 40), from: nextRow)
    nextRow = part.row
    return (part.frame, part.isWhole)
  }

  private func flush() {
    guard !isGone else { return }
    let count = device.write(output[written...])
    guard let count else { return hangUp() }
    written += count
    let now = Self.now()
    pacer.wrote(count, now: now)
    link?.wrote(count, now: now)
    if hasOutput {
      pacer.stalled(now: now)
    } else {
      pacer.caughtUp(now: now)
      output.removeAll(keepingCapacity: true)
      written = 0
    }
  }

  private func repaint() {
    screen.forget()
    frame = frame ?? latest
  }

  private func checkSize() {
    guard !isGone, let size = device.size, size != screen.size else { return }
    screen.resize(size)
    mailbox.setSize(size)
    frame = frame ?? latest
    events.yield(.resize(size))
  }

  // MARK: Coming and going

  private func enter() {
    _ = cn_tty_raw(device.descriptor)
    output += enabling
    let rescue = Array(type.disable(mouse: options.mouse).utf8) + Self.leavingSequence()
    cn_rescue_arm(device.descriptor, rescue.map { CChar(bitPattern: $0) }, rescue.count)
  }

  private var enabling: [UInt8] { Self.capability("smkx") + Array(type.enable(mouse: options.mouse).utf8) }

  /// What curses would send at the end, for a crash in which curses cannot be asked.
  private static func leavingSequence() -> [UInt8] {
    ["sgr0", "cnorm", "rmkx", mainScreen].flatMap(capability)
  }

  // A terminal with one screen only is left empty, not with the ruins of the last frame.
  private static var mainScreen: String { cn_term_string("rmcup") == nil ? "clear" : "rmcup" }

  private static func capability(_ name: String) -> [UInt8] {
    cn_term_string(name).map { stripPadding(String(cString: $0)) } ?? []
  }

  // `$<5>` asks for a pause that modern terminals do not need.
  private static func stripPadding(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var inside = false
    let bytes = Array(text.utf8)
    for (index, byte) in bytes.enumerated() {
      if byte == UInt8(ascii: "$") && index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "<") {
        inside = true
      }
      if !inside { result.append(byte) }
      if byte == UInt8(ascii: ">") { inside = false }
    }
    return result
  }

  private func handBack() {
    if !isGone {
      // The rest of a half-sent frame goes first: it may end in the middle of a sequence.
      var rest = Array(output[written...]) + Array(type.disable(mouse: options.mouse).utf8)
      rest += Self.capability("rmkx") + screen.bytesLeaving()
      if Self.mainScreen == "clear" { rest += Self.capability("clear") }
      device.writeAll(rest[...], patience: 500)
    }
    output = []
    written = 0
    _ = cn_tty_restore(device.descriptor)
  }

  private func goAway() {
    guard !isAway, !isGone else { return }
    handBack()
    isAway = true
    cn_stop_self()
  }

  private func comeBack() {
    guard !isGone else { return }
    isAway = false
    _ = cn_tty_raw(device.descriptor)
    output += enabling
    checkSize()
    repaint()
    events.yield(.resumed)
  }

  /// Gives the terminal back for good.
  func leave() {
    handBack()
    cn_rescue_disarm()
    // After a hang-up the program still has to end in order: the signal may come only now.
    cn_signals_remove(isGone || isHangUpReported)
    events.finish()
    NcursesSession.inUse.store(false, ordering: .releasing)
  }

  // MARK: Surroundings

  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func checkedType(_ options: NcursesOptions) throws(NcursesError) -> String {
    let name = options.type ?? getenv("TERM").map { String(cString: $0) } ?? ""
    if name.isEmpty { throw .noType }
    if name == "dumb" { throw .cannotPosition(name) }
    var problem: Int32 = 0
    // A hard-copy terminal (1) has no cursor either; 0 is unknown or too generic, -1 no data base.
    if setupterm(name, STDOUT_FILENO, &problem) != OK {
      throw problem == 1 ? .cannotPosition(name) : .unknownType(name)
    }
    if cn_term_string("cup") == nil { throw .cannotPosition(name) }
    return name
  }

  /// Sets the character type from the environment, and nothing else: numbers keep their point.
  /// A UTF-8 locale that this machine does not have is taken for its `C.UTF-8`.
  private static func setLocale() -> Bool {
    if setlocale(LC_CTYPE, "") == nil {
      let names = ["LC_ALL", "LC_CTYPE", "LANG"]
      let asked = names.compactMap { (name: String) in getenv(name).map { String(cString: $0) } }
        .first { !$0.isEmpty }
      if let asked = asked?.uppercased(), asked.hasSuffix("UTF-8") || asked.hasSuffix("UTF8") {
        setlocale(LC_CTYPE, "C.UTF-8")
      }
    }
    return cn_locale_is_utf8()
  }
}
