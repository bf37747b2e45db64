import CNcurses
import Terminal

/// What is known of a kind of terminal beyond terminfo.
struct TerminalType {
  let name: String

  // Families that understand bracketed paste, SGR mouse reports and OSC 52, or ignore them silently.
  private static let modern = [
    "xterm", "screen", "tmux", "rxvt", "alacritty", "foot", "kitty", "konsole", "gnome", "vte", "wezterm",
    "st",
    "iterm", "putty", "mintty", "contour", "ghostty",
  ]

  var isModern: Bool { Self.modern.contains { name == $0 || name.hasPrefix($0 + "-") } }

  private var isScreen: Bool { name == "screen" || name.hasPrefix("screen") }

  /// The glyphs it can show in a UTF-8 locale. The Linux console's fonts have no braille.
  var glyphs: GlyphSet { name == "linux" || name.hasPrefix("linux-") ? .console : .unicode }

  func enable(mouse: Bool) -> String {
    guard isModern else { return "" }
    return "\u{1B}[?2004h" + (mouse ? "\u{1B}[?1000h\u{1B}[?1002h\u{1B}[?1006h" : "")
  }

  func disable(mouse: Bool) -> String {
    guard isModern else { return "" }
    return (mouse ? "\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l" : "") + "\u{1B}[?2004l"
  }

  /// The most that is offered to the clipboard; terminals drop longer requests whole.
  static let copyLimit = 50_000

  /// OSC 52 for `text`; empty where the terminal cannot.
  func copy(_ text: String) -> String {
    guard isModern else { return "" }
    let request = "\u{1B}]52;c;" + Base64.encode(Array(text.utf8.prefix(Self.copyLimit))) + "\u{07}"
    // GNU screen passes on only what is wrapped for it, in pieces it can hold.
    guard isScreen else { return request }
    return "\u{1B}P" + request + "\u{1B}\\"
  }

  /// This terminal's own key sequences, from terminfo; call after `setupterm`.
  static func keys() -> [[UInt8]: Key] {
    let named: [(String, Key)] = [
      ("kcuu1", .up), ("kcud1", .down), ("kcub1", .left), ("kcuf1", .right), ("khome", .home), ("kend", .end),
      ("kpp", .pageUp), ("knp", .pageDown), ("kich1", .insert), ("kdch1", .delete), ("kcbt", .backTab),
      ("kbs", .backspace), ("kent", .enter), ("kri", .shiftUp), ("kind", .shiftDown), ("kLFT", .shiftLeft),
      ("kRIT", .shiftRight),
    ]
    var result: [[UInt8]: Key] = [:]
    for (capability, key) in named + (1...12).map({ ("kf\($0)", .function($0)) }) {
      guard let value = cn_term_string(capability) else { continue }
      let bytes = Array(String(cString: value).utf8)
      if bytes.count > 1 && bytes[0] == 0x1B && result[bytes] == nil { result[bytes] = key }
    }
    return result
  }
}

/// RFC 4648 base 64.
enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func encode(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
      let left = bytes.count - index
      let group =
        UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
        | (left > 2 ? UInt32(bytes[index + 2]) : 0)
      for place in 0..<4 {
        let shown = place <= left
        out.append(shown ? alphabet[Int(group >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
      }
      index += 3
    }
    return String(decoding: out, as: UTF8.self)
  }
}
