/// The exit codes of fabctl; documented in docs/reference/exit-codes.md and used by scripts.
enum ExitStatus: Int32, CaseIterable {
  case fine = 0
  case driftFound = 1
  case usage = 2
  case unreachable = 3
  case refused = 4
  case sourceInvalid = 5
  case sourceUnreachable = 6
  case timedOut = 7
  /// The output is not whole: a full disk, and not a reader that went away.
  case outputLost = 8
  case interrupted = 130

  /// The code of a command whose output is not whole: it cannot be relied on, but to have failed is worse.
  static func withoutWholeOutput(_ code: Int32) -> Int32 {
    switch ExitStatus(rawValue: code) {
    case .fine, .driftFound, .unreachable: outputLost.rawValue
    default: code
    }
  }
}

/// A command that could not do what was asked: one line that says what failed, on what, why, and what to try.
struct CommandFailure: Error {
  var status: ExitStatus
  var lines: [String]

  init(_ status: ExitStatus, _ line: String) { self.init(status, [line]) }

  init(_ status: ExitStatus, _ lines: [String]) {
    self.status = status
    self.lines = lines
  }
}
