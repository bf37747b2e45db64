import CNcurses
import Glibc
import Terminal

/// The terminal's device: an open file description of its own, so that making it non-blocking does
/// not touch the one that standard output shares with the shell.
final class TerminalDevice {
  let descriptor: Int32

  init(path: String?) throws(NcursesError) {
    if path == nil && isatty(STDOUT_FILENO) == 0 { throw .notATerminal }
    let flags = O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC
    // The link works inside containers and after `su`, where the device's own path may not.
    let candidates = path.map { [$0] } ?? ["/proc/self/fd/1", "/dev/tty"]
    var opened: Int32 = -1
    for candidate in candidates where opened < 0 { opened = open(candidate, flags) }
    guard opened >= 0 else { throw .device(Self.systemError()) }
    guard isatty(opened) != 0 else {
      Glibc.close(opened)
      throw .notATerminal
    }
    descriptor = opened
  }

  deinit { Glibc.close(descriptor) }

  /// The window size, if the terminal says one.
  var size: Size? {
    var columns: Int32 = 0
    var rows: Int32 = 0
    guard cn_window_size(descriptor, &columns, &rows) else { return nil }
    return Size(Int(columns), Int(rows))
  }

  enum Input {
    case bytes([UInt8])
    case nothing
    case gone
  }

  func read() -> Input {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(descriptor, &buffer, buffer.count)
    if count > 0 { return .bytes(Array(buffer.prefix(count))) }
    if count < 0 && (errno == EAGAIN || errno == EINTR) { return .nothing }
    return .gone
  }

  /// Writes what the terminal takes now. `nil`: it is gone.
  func write(_ bytes: ArraySlice<UInt8>) -> Int? {
    guard !bytes.isEmpty else { return 0 }
    let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  /// Writes everything, giving up on a terminal that takes nothing for `patience` milliseconds.
  @discardableResult
  func writeAll(_ bytes: ArraySlice<UInt8>, patience: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      guard let count = write(rest) else { return false }
      rest = rest.dropFirst(count)
      if count > 0 { continue }
      var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&wait, 1, patience) == 0 { return false }
      if wait.revents & Int16(POLLHUP | POLLERR) != 0 { return false }
    }
    return true
  }

  /// What the system says about the call that just failed.
  static func systemError() -> String { String(cString: cn_error_text()) }
}
