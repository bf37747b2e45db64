import Foundation
import Manifest

/// The three standard streams, as a command line should use them.
enum Console {
  static var outIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
  static var inIsTerminal: Bool { isatty(STDIN_FILENO) == 1 }

  /// Colour only on a terminal that has it, and never with `NO_COLOR` (https://no-color.org).
  static var wantsColour: Bool {
    let environment = ProcessInfo.processInfo.environment
    return outIsTerminal && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
  }

  static func out(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

  /// A question on stderr, without a line break.
  static func prompt(_ text: String) { write(visible(text), to: STDERR_FILENO) }

  /// One line on stderr; control characters of outside data are made visible.
  static func error(_ text: String) { write(visible(text) + "\n", to: STDERR_FILENO) }

  /// Control sequences of our own, on stderr.
  static func raw(_ text: String) { write(text, to: STDERR_FILENO) }

  /// Writes all of it; a closed pipe ends the process quietly, as `head` expects.
  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        if errno == EPIPE { Foundation.exit(ExitStatus.fine.rawValue) }
        return
      }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Text from outside, safe to print: control characters (but line breaks) and marks that hide or reorder text become
  /// `·`.
  static func visible(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0 != "\n" && PrintableText.isUnprintable($0) ? "·" : $0 }))
  }
}
