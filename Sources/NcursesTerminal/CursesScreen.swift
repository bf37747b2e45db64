import CNcurses
import Glibc
import Terminal

/// The picture curses has of the terminal: takes frames, gives the bytes that change the one before
/// into them. Lives on one thread.
final class CursesScreen {
  let depth: ColorDepth
  let isUTF8: Bool
  private let memory: Int32
  private static let memoryKept = 65_536
  private let screen: OpaquePointer
  private(set) var size: Size
  private var theme: Theme
  /// What the terminal shows as far as is known.
  private(set) var shown: Frame?
  private var inks: [Style: Ink] = [:]
  private var pairs: [PairKey: Int32] = [:]
  private var cursorShown: Bool?
  private var row: [cchar_t] = []
  private var filter: StyleFilter

  private struct Ink {
    var attributes: attr_t
    var pair: Int32
    /// The number of its ground.
    var ground: Int32
    /// Something of it shows on a blank besides the ground.
    var marksBlanks: Bool
  }

  private struct PairKey: Hashable {
    var foreground: Int32
    var background: Int32
  }

  /// `setupterm` has accepted `type` before.
  init(type: String, size: Size?, options: NcursesOptions, isUTF8: Bool) throws(NcursesError) {
    memory = cn_memory_file()
    guard memory >= 0 else { throw .device(TerminalDevice.systemError()) }
    guard let screen = cn_new_screen(type, memory) else { throw .device("curses refused \(type)") }
    self.screen = screen
    self.isUTF8 = isUTF8
    // Never look at the input while drawing: it is not curses' to read.
    typeahead(-1)
    nonl()
    theme = options.theme
    self.size = size ?? Size(Int(cn_columns()), Int(cn_lines()))
    let wanted = Self.depth(options)
    if wanted > .mono && has_colors() && start_color() == OK && use_default_colors() == OK {
      depth = wanted
    } else {
      depth = .mono
    }
    filter = StyleFilter(takesBack: depth > .mono)
    cn_no_scrolling()
    resize(self.size)
  }

  deinit {
    cn_delete_screen(screen)
  }

  private static func depth(_ options: NcursesOptions) -> ColorDepth {
    let none = options.noColor ?? getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    if none { return .mono }
    let direct = tigetflag("RGB") > 0 || tigetnum("RGB") > 0 || cn_term_string("RGB") != nil
    let said = ColorDepth(colors: Int(tigetnum("colors")))
    return min(options.maximumDepth, direct ? said : min(said, .indexed256))
  }

  func setTheme(_ theme: Theme) {
    guard theme != self.theme else { return }
    self.theme = theme
    inks = [:]
    shown = nil
  }

  /// The terminal has this size now, and what is on it is unknown.
  func resize(_ size: Size) {
    self.size = size
    resize_term(Int32(max(size.height, 1)), Int32(max(size.width, 1)))
    forget()
  }

  /// Nothing is known of what the terminal shows: the next frame is painted whole.
  func forget() {
    shown = nil
    filter.forget()
    cn_repaint_everything()
  }

  /// The bytes that put `frame` on the terminal.
  func bytes(showing frame: Frame) -> [UInt8] {
    if shown == nil {
      werase(cn_stdscr())
      setBackground()
    }
    let previous = shown.flatMap { $0.size == frame.size ? $0 : nil }
    if previous == nil && shown != nil { werase(cn_stdscr()) }
    let visible = Size(min(frame.size.width, size.width), min(frame.size.height, size.height))
    for y in 0..<visible.height { put(row: y, of: frame, over: previous, columns: visible.width) }
    place(frame.cursor)
    wnoutrefresh(cn_stdscr())
    doupdate()
    shown = frame
    return filter.filter(takeBytes())
  }

  /// The bytes that give the terminal back: main screen, visible cursor, no attributes.
  func bytesLeaving() -> [UInt8] {
    endwin()
    cursorShown = nil
    return takeBytes()
  }

  private func put(row y: Int, of frame: Frame, over previous: Frame?, columns: Int) {
    let start = y * frame.size.width
    frame.cells.withUnsafeBufferPointer { cells in
      guard let previous else { return emit(cells, start: start, from: 0, to: columns, y: y) }
      previous.cells.withUnsafeBufferPointer { old in
        var x = 0
        while x < columns {
          while x < columns && cells[start + x] == old[start + x] { x += 1 }
          guard x < columns else { return }
          // A run begins at the left half of a wide character, never at the right one.
          let from = cells[start + x].isContinuation && x > 0 ? x - 1 : x
          var same = 0
          var end = x
          while x < columns && same < 8 {
            if cells[start + x] == old[start + x] {
              same += 1
            } else {
              same = 0
              end = x + 1
            }
            x += 1
          }
          emit(cells, start: start, from: from, to: end, y: y)
        }
      }
    }
  }

  private func emit(_ cells: UnsafeBufferPointer<Cell>, start: Int, from: Int, to end: Int, y: Int) {
    row.removeAll(keepingCapacity: true)
    var style: Style?
    var ink = Ink(attributes: 0, pair: 0, ground: 0, marksBlanks: true)
    for x in from..<end {
      let cell = cells[start + x]
      if cell.isContinuation { continue }
      if cell.style != style {
        let next = self.ink(cell.style)
        // A blank shows its ground alone: what is in force will do, and the line is spared two changes of ink.
        if cell.packedScalars == 0x20, next.ground == ink.ground, !next.marksBlanks, !ink.marksBlanks {
          append(cell, ink)
          continue
        }
        style = cell.style
        ink = next
      }
      append(cell, ink)
    }
    cn_put_cells(Int32(y), Int32(from), row, Int32(row.count))
  }

  private func append(_ cell: Cell, _ ink: Ink) {
    var packed = cell.packedScalars
    let base = UInt32(truncatingIfNeeded: packed & 0x1F_FFFF)
    if base >= 0x7F || packed >> 21 != 0 {
      // What this locale cannot show, or takes for another width, would shift the rest of the line.
      if !isUTF8 || cn_width(wchar_t(bitPattern: base)) != Int32(cell.width) {
        let stand: UInt64 = isUTF8 ? 0xFFFD : 0x3F
        for _ in 0..<max(cell.width, 1) { append(scalars: (stand, 0, 0), ink) }
        return
      }
    }
    let first = packed & 0x1F_FFFF
    packed >>= 21
    append(scalars: (first, packed & 0x1F_FFFF, packed >> 21), ink)
  }

  private func append(scalars: (UInt64, UInt64, UInt64), _ ink: Ink) {
    func wide(_ value: UInt64) -> wchar_t { wchar_t(truncatingIfNeeded: value) }
    var text = (wide(scalars.0), wide(scalars.1), wide(scalars.2), wchar_t(0))
    var cell = cchar_t()
    withUnsafeBytes(of: &text) { bytes in
      _ = cn_setcchar(
        &cell, bytes.assumingMemoryBound(to: wchar_t.self).baseAddress, ink.attributes, ink.pair)
    }
    row.append(cell)
  }

  private func ink(_ style: Style) -> Ink {
    if let known = inks[style] { return known }
    let look = theme.resolve(style, depth: depth)
    var attributes: attr_t = 0
    if look.attributes.contains(.bold) { attributes |= cn_bold() }
    if look.attributes.contains(.dim) { attributes |= cn_dim() }
    if look.attributes.contains(.reverse) { attributes |= cn_reverse() }
    if look.attributes.contains(.underline) { attributes |= cn_underline() }
    if look.attributes.contains(.blink) { attributes |= cn_blink() }
    let visible: Attributes = [.reverse, .underline, .blink]
    let made = Ink(
      attributes: attributes, pair: pair(look), ground: Self.number(look.background),
      marksBlanks: !look.attributes.intersection(visible).isEmpty)
    inks[style] = made
    return made
  }

  private func pair(_ look: Appearance) -> Int32 {
    guard depth > .mono else { return 0 }
    let key = PairKey(foreground: Self.number(look.foreground), background: Self.number(look.background))
    if key.foreground < 0 && key.background < 0 { return 0 }
    if let known = pairs[key] { return known }
    let next = Int32(pairs.count + 1)
    guard next < cn_color_pairs(), init_extended_pair(next, key.foreground, key.background) == OK else {
      return 0
    }
    pairs[key] = next
    return next
  }

  private static func number(_ paint: Paint) -> Int32 {
    switch paint {
    case .standard: -1
    case .index(let index): Int32(index)
    // Direct-colour terminals keep the first 8 numbers for the ANSI colours.
    case .rgb(let color): Int32(max(color.hex, 8))
    }
  }

  private func setBackground() {
    let ink = self.ink(.text)
    var text: (wchar_t, wchar_t) = (0x20, 0)
    var blank = cchar_t()
    withUnsafeBytes(of: &text) { bytes in
      _ = cn_setcchar(
        &blank, bytes.assumingMemoryBound(to: wchar_t.self).baseAddress, ink.attributes, ink.pair)
    }
    wbkgrndset(cn_stdscr(), &blank)
    werase(cn_stdscr())
  }

  private func place(_ cursor: Point?) {
    let wanted = cursor.flatMap { Rect(size).contains($0) ? $0 : nil }
    if let wanted { wmove(cn_stdscr(), Int32(wanted.y), Int32(wanted.x)) }
    if cursorShown != (wanted != nil) {
      curs_set(wanted == nil ? 0 : 1)
      cursorShown = wanted != nil
    }
    leaveok(cn_stdscr(), wanted == nil)
  }

  private func takeBytes() -> [UInt8] {
    let count = lseek(memory, 0, SEEK_CUR)
    guard count > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: count)
    let got = pread(memory, &bytes, count, 0)
    lseek(memory, 0, SEEK_SET)
    // Written over by the next frame, as far as that goes; a large one does not stay.
    if count > Self.memoryKept { ftruncate(memory, off_t(Self.memoryKept)) }
    return Array(bytes.prefix(max(got, 0)))
  }
}
