import Foundation
import Terminal

/// Both ends of a pseudo-terminal: the test plays the terminal, the session gets the device.
final class PseudoTerminal: @unchecked Sendable {
  private(set) var controller: Int32
  let user: Int32
  let path: String

  init?(_ size: Size) {
    var (controller, user): (Int32, Int32) = (-1, -1)
    var window = winsize(
      ws_row: UInt16(size.height), ws_col: UInt16(size.width), ws_xpixel: 0, ws_ypixel: 0)
    guard openpty(&controller, &user, nil, nil, &window) == 0, let name = ttyname(user) else { return nil }
    self.controller = controller
    self.user = user
    path = String(cString: name)
    _ = fcntl(controller, F_SETFL, O_NONBLOCK)
  }

  deinit {
    hangUp()
    close(user)
  }

  /// What has been written to the terminal since the last call.
  func output() -> String {
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(controller, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: result, as: UTF8.self) }
      result += buffer.prefix(count)
    }
  }

  /// Collects output until it contains `text`; what came, or `nil` after a generous time.
  func output(until text: String) -> String? {
    var seen = ""
    let deadline = Date().addingTimeInterval(30)
    while Date() < deadline {
      seen += output()
      if seen.contains(text) { return seen }
      var wait = pollfd(fd: controller, events: Int16(POLLIN), revents: 0)
      poll(&wait, 1, 50)
    }
    return nil
  }

  func type(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(controller, bytes, bytes.count)
  }

  func resize(_ size: Size) {
    var window = winsize(
      ws_row: UInt16(size.height), ws_col: UInt16(size.width), ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(controller, UInt(TIOCSWINSZ), &window)
  }

  /// The terminal's modes, as text for comparison.
  var modes: String {
    var modes = termios()
    guard tcgetattr(user, &modes) == 0 else { return "none" }
    let line = withUnsafeBytes(of: modes.c_cc) { Array($0) }
    return "\(modes.c_iflag) \(modes.c_oflag) \(modes.c_lflag) \(line)"
  }

  func hangUp() {
    guard controller >= 0 else { return }
    close(controller)
    controller = -1
  }
}
