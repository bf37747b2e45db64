import Foundation
import Manifest
import Synchronization

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

  /// One line, or several. Once standard output is gone the rest is dropped: what the command does besides printing,
  /// and the code it ends with, do not depend on a reader.
  static func out(_ text: String) {
    guard !outIsGone, let code = write(text + "\n", to: STDOUT_FILENO) else { return }
    // A closed pipe is no mistake: `head` has what it wants.
    let isMistake = code != EPIPE
    let wasGone = lost.withLock { lost in
      defer { lost = lost ?? (isMistake ? .failed : .closed) }
      return lost != nil
    }
    guard isMistake, !wasGone else { return }
    error("fabctl: cannot write the output: \(String(cString: strerror(code)))")
  }

  private enum Loss { case closed, failed }
  private static let lost = Mutex<Loss?>(nil)

  /// Nobody gets what is printed: the reader closed the pipe, or writing failed. Time to end for what only prints.
  static var outIsGone: Bool { lost.withLock { $0 != nil } }

  /// The output was cut by something else than its reader, such as a full disk; that has been told.
  static var outHasFailed: Bool { lost.withLock { $0 == .failed } }

  /// A standard stream that is closed would be given to the next file or connection that is opened, and output with
  /// it. Writing to what is put there fails, as it does on a closed one.
  static func keepStandardStreams() {
    for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
    where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
      // The lowest one that is free, which is this one.
      _ = open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }

  /// A question on stderr, without a line break.
  static func prompt(_ text: String) { _ = write(visible(text), to: STDERR_FILENO) }

  /// One line on stderr; control characters of outside data are made visible.
  static func error(_ text: String) { _ = write(visible(text) + "\n", to: STDERR_FILENO) }

  /// Control sequences of our own, on stderr.
  static func raw(_ text: String) { _ = write(text, to: STDERR_FILENO) }

  /// Writes all of it, or returns the number of the error; waits for a reader that is slow.
  private static func write(_ text: String, to descriptor: Int32) -> Int32? {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        switch errno {
        case EINTR: continue
        case EAGAIN:
          var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&wanted, 1, -1)
          continue
        case let code: return code
        }
      }
      bytes = bytes.dropFirst(count)
    }
    return nil
  }

  /// Text from outside, safe to print: control characters (but line breaks) and marks that hide or reorder text become
  /// `·`.
  static func visible(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0 != "\n" && PrintableText.isUnprintable($0) ? "·" : $0 }))
  }
}
