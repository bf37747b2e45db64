/// The characters that pictures are drawn with. Chosen once per session from the terminal and the
/// locale; state is always told apart by these glyphs, never by colour alone.
public enum GlyphSet: String, CaseIterable, Hashable, Sendable {
  /// Everything: box drawing, blocks, braille.
  case unicode
  /// The Linux console and other small fonts: box drawing and blocks, no braille.
  case console
  /// 7-bit only, for `LANG=C` and old terminals.
  case ascii

  /// The characters of a box and of lines that meet it.
  public struct Border: Hashable, Sendable {
    public let horizontal, vertical: Unicode.Scalar
    public let topLeft, topRight, bottomLeft, bottomRight: Unicode.Scalar
    public let teeLeft, teeRight, teeTop, teeBottom, cross: Unicode.Scalar
  }

  public var border: Border {
    switch self {
    case .ascii: Border.ascii
    case .console: Border.square
    case .unicode: Border.rounded
    }
  }

  /// The same with heavy lines, for the pane that has the focus (`ascii` has only one weight).
  public var focusedBorder: Border {
    switch self {
    case .ascii: Border.asciiFocused
    case .console: Border.double
    case .unicode: Border.heavy
    }
  }

  func pick(_ unicode: Unicode.Scalar, _ console: Unicode.Scalar, _ ascii: Unicode.Scalar) -> Unicode.Scalar {
    switch self {
    case .unicode: unicode
    case .console: console
    case .ascii: ascii
    }
  }
}

// MARK: Marks

extension GlyphSet {
  /// Ends a text that was cut.
  public var ellipsis: Unicode.Scalar { pick("…", "»", "~") }
  public var arrowRight: Unicode.Scalar { pick("→", "→", ">") }
  public var arrowLeft: Unicode.Scalar { pick("←", "←", "<") }
  public var arrowUp: Unicode.Scalar { pick("↑", "↑", "^") }
  public var arrowDown: Unicode.Scalar { pick("↓", "↓", "v") }
  public var sortAscending: Unicode.Scalar { pick("▲", "▲", "^") }
  public var sortDescending: Unicode.Scalar { pick("▼", "▼", "v") }
  public var expanded: Unicode.Scalar { pick("▾", "▼", "v") }
  public var collapsed: Unicode.Scalar { pick("▸", "►", ">") }
  public var marked: Unicode.Scalar { pick("✓", "√", "*") }
  public var bullet: Unicode.Scalar { pick("·", "·", ".") }
  public var degree: Unicode.Scalar { pick("°", "°", "o") }
  public var plusMinus: Unicode.Scalar { pick("±", "±", "~") }
  public var delta: Unicode.Scalar { pick("Δ", "Δ", "d") }
  public var notEqual: Unicode.Scalar { pick("≠", "#", "#") }
  /// Stands for a value that has never been read.
  public var noValue: Unicode.Scalar { pick("—", "-", "-") }
  public var cursorBar: Unicode.Scalar { pick("▎", "█", ">") }
  public var scrollThumb: Unicode.Scalar { pick("┃", "█", "#") }
  public var scrollTrack: Unicode.Scalar { pick("│", "│", "|") }
  public var commitMark: Unicode.Scalar { pick("◆", "♦", "*") }
  public var correctionMark: Unicode.Scalar { pick("▲", "▲", "^") }
  public var barFull: Unicode.Scalar { pick("━", "■", "=") }
  public var barEmpty: Unicode.Scalar { pick("─", "─", "-") }
  public var horizontal: Unicode.Scalar { border.horizontal }
  public var vertical: Unicode.Scalar { border.vertical }

  /// The glyph of a state role, one column wide, different for every state of ``Role/states``.
  /// Roles that are no state get the bullet.
  public func state(_ role: Role) -> Unicode.Scalar {
    switch role {
    case .good: pick("●", "·", ".")
    case .drifted: pick("▲", "▲", "!")
    case .unreachable: pick("✗", "x", "x")
    case .stale: pick("◌", "○", "o")
    case .pending: pick("○", "-", "-")
    case .contested: pick("⇄", "↔", "%")
    case .suspended: pick("‖", "=", "=")
    case .shelved: pick("◐", "z", "z")
    case .correcting: pick("↻", "►", ">")
    case .corrected: pick("✓", "√", "+")
    case .invalid: pick("⊘", "#", "#")
    case .uncertain: pick("?", "?", "?")
    case .hold: pick("■", "■", "H")
    case .observing: pick("◎", "O", "O")
    case .info: pick("i", "i", "i")
    case .warning: pick("▲", "▲", "!")
    case .alarm: pick("◆", "♦", "*")
    default: bullet
    }
  }

  /// One cell of a timeline lane for a state role: a shape per state, filled for the worst.
  public func lane(_ role: Role) -> Unicode.Scalar {
    switch role {
    case .good: pick("─", "─", "-")
    case .drifted: pick("█", "█", "#")
    case .unreachable: pick("░", "░", "x")
    case .stale: pick("┄", "-", ":")
    case .pending: pick("·", "·", ".")
    case .contested: pick("▓", "▓", "%")
    case .suspended: pick("═", "═", "=")
    case .shelved: pick("▒", "▒", "z")
    case .correcting, .corrected: correctionMark
    case .invalid: pick("╳", "X", "X")
    case .uncertain: "?"
    case .hold: pick("■", "■", "H")
    default: " "
    }
  }
}

extension GlyphSet.Border {
  static let rounded = GlyphSet.Border(
    horizontal: "─", vertical: "│", topLeft: "╭", topRight: "╮", bottomLeft: "╰", bottomRight: "╯",
    teeLeft: "├", teeRight: "┤", teeTop: "┬", teeBottom: "┴", cross: "┼")
  static let square = GlyphSet.Border(
    horizontal: "─", vertical: "│", topLeft: "┌", topRight: "┐", bottomLeft: "└", bottomRight: "┘",
    teeLeft: "├", teeRight: "┤", teeTop: "┬", teeBottom: "┴", cross: "┼")
  static let heavy = GlyphSet.Border(
    horizontal: "━", vertical: "┃", topLeft: "┏", topRight: "┓", bottomLeft: "┗", bottomRight: "┛",
    teeLeft: "┣", teeRight: "┫", teeTop: "┳", teeBottom: "┻", cross: "╋")
  static let double = GlyphSet.Border(
    horizontal: "═", vertical: "║", topLeft: "╔", topRight: "╗", bottomLeft: "╚", bottomRight: "╝",
    teeLeft: "╠", teeRight: "╣", teeTop: "╦", teeBottom: "╩", cross: "╬")
  static let ascii = GlyphSet.Border(
    horizontal: "-", vertical: "|", topLeft: "+", topRight: "+", bottomLeft: "+", bottomRight: "+",
    teeLeft: "+", teeRight: "+", teeTop: "+", teeBottom: "+", cross: "+")
  static let asciiFocused = GlyphSet.Border(
    horizontal: "=", vertical: "|", topLeft: "#", topRight: "#", bottomLeft: "#", bottomRight: "#",
    teeLeft: "#", teeRight: "#", teeTop: "#", teeBottom: "#", cross: "#")
}
