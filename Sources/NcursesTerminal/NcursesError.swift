import Terminal

/// Why a terminal could not be taken over. Nothing has been changed on it then.
public enum NcursesError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Standard output is no terminal.
  case notATerminal
  /// `TERM` is not set.
  case noType
  /// `TERM` names a terminal that the terminfo data base does not know.
  case unknownType(String)
  /// `TERM` names a terminal that cannot put its cursor anywhere, such as `dumb`.
  case cannotPosition(String)
  /// The terminal's device cannot be opened or set up; the text is the system's.
  case device(String)
  /// There is a session in this process already.
  case inUse

  public var description: String {
    switch self {
    case .notATerminal: "standard output is not a terminal; try --plain"
    case .noType: "TERM is not set, so the kind of terminal is unknown; try TERM=xterm-256color or --plain"
    case .unknownType(let type):
      "TERM=\(safe(type)) is not in the terminfo data base; try TERM=xterm-256color or install ncurses-term"
    case .cannotPosition(let type):
      "TERM=\(safe(type)) cannot place text on the screen; try TERM=xterm-256color or --plain"
    case .device(let reason): "the terminal cannot be used: \(reason)"
    case .inUse: "the terminal is already in use by this program"
    }
  }

  private func safe(_ text: String) -> String {
    TextFit.truncate(TextFit.prefix(of: text, columns: 41), to: 40)
  }
}
