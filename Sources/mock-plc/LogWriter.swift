import Dispatch
import Foundation
import Synchronization

/// Writes lines to standard output on a thread of its own: a reader that does not read must not stop the
/// PLCs. What does not fit the buffer meanwhile is counted and the count is written.
final class LogWriter: Sendable {
  private struct State {
    var buffer: [UInt8] = []
    var isDraining = false
    var lost = 0
  }

  private static let capacity = 8 << 20
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "mock-plc.log")

  func write(_ line: String) {
    let mustDrain = state.withLock { state in
      guard state.buffer.count + line.utf8.count < Self.capacity else {
        state.lost += 1
        return false
      }
      if state.lost > 0 {
        state.buffer += Array("event=lost lines=\(state.lost)\n".utf8)
        state.lost = 0
      }
      state.buffer += line.utf8
      state.buffer.append(UInt8(ascii: "\n"))
      defer { state.isDraining = true }
      return !state.isDraining
    }
    if mustDrain { queue.async { self.drain() } }
  }

  private func drain() {
    while true {
      let chunk: [UInt8] = state.withLock { state in
        defer { state.buffer = [] }
        if state.buffer.isEmpty { state.isDraining = false }
        return state.buffer
      }
      if chunk.isEmpty { return }
      Self.write(chunk)
    }
  }

  /// A closed pipe is no reason to stop serving: what cannot be written is gone.
  static func write(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written > 0 {
        rest = rest.dropFirst(written)
      } else if errno != EINTR && errno != EAGAIN {
        return
      } else if errno == EAGAIN {
        usleep(10_000)
      }
    }
  }

  /// Waits until all is written, but not forever for a reader that does not read.
  func finish() {
    let done = DispatchSemaphore(value: 0)
    queue.async { done.signal() }
    _ = done.wait(timeout: .now() + 2)
  }
}
