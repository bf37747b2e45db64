/// A key press, as a terminal can report it.
public enum Key: Hashable, Sendable {
  /// A printable character, space included.
  case character(Character)
  /// Control with a lower-case letter or one of `@[\]^_`. Control-H, -I, -J, -M and -[ arrive as the keys
  /// they are on a terminal: backspace, tab, enter, enter, escape.
  case control(Character)
  /// Alt (or Escape quickly followed) with a character.
  case alt(Character)
  case up, down, left, right
  case shiftUp, shiftDown, shiftLeft, shiftRight
  case controlUp, controlDown, controlLeft, controlRight
  case pageUp, pageDown, home, end, insert, delete, backspace
  case tab, backTab, enter, escape
  /// F1...F63.
  case function(Int)

  /// The name that help and hints show: `j`, `^L`, `M-x`, `F12`, `PgUp`.
  public var label: String {
    switch self {
    case .character(" "): "Space"
    case .character(let c): String(c)
    case .control(let c): "^" + c.uppercased()
    case .alt(let c): "M-" + String(c)
    case .up: "Up"
    case .down: "Down"
    case .left: "Left"
    case .right: "Right"
    case .shiftUp: "S-Up"
    case .shiftDown: "S-Down"
    case .shiftLeft: "S-Left"
    case .shiftRight: "S-Right"
    case .controlUp: "^Up"
    case .controlDown: "^Down"
    case .controlLeft: "^Left"
    case .controlRight: "^Right"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .insert: "Ins"
    case .delete: "Del"
    case .backspace: "Bksp"
    case .tab: "Tab"
    case .backTab: "S-Tab"
    case .enter: "Enter"
    case .escape: "Esc"
    case .function(let n): "F\(n)"
    }
  }
}

/// A mouse report; only when the mouse was asked for.
public struct MouseEvent: Hashable, Sendable {
  public enum Action: Hashable, Sendable {
    case press, release, drag, wheelUp, wheelDown
  }

  public enum Button: Hashable, Sendable {
    case none, left, middle, right
  }

  public var action: Action
  public var button: Button
  public var at: Point

  public init(_ action: Action, _ button: Button, at: Point) {
    self.action = action
    self.button = button
    self.at = at
  }
}

/// What a terminal reports to the program.
public enum TerminalEvent: Hashable, Sendable {
  /// A signal that asks the program to end or to look again.
  public enum Request: Hashable, Sendable {
    /// SIGINT: Control-C, or `kill -INT`.
    case interrupt
    /// SIGTERM.
    case terminate
  }

  case key(Key)
  /// Text pasted in one piece; line ends are `\n`; other control characters are as they came.
  case paste(String)
  case mouse(MouseEvent)
  /// The window has this size now. Also sent once at the start.
  case resize(Size)
  case request(Request)
  /// Back from a stop (`^Z`, then `fg`): time has passed, the screen is being redrawn.
  case resumed
  /// The terminal is gone (SIGHUP, or its other end closed). Nothing can be shown any more.
  case hangup
}
