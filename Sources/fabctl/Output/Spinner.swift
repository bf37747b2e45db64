import Foundation

/// A sign of life on stderr while something is waited for; only on a terminal, and gone when it ends.
final class Spinner: Sendable {
  private let task: Task<Void, Never>?

  init(_ text: String) {
    guard Console.errorIsTerminal, ProcessInfo.processInfo.environment["TERM"] != "dumb" else {
      task = nil
      return
    }
    let start = ContinuousClock.now
    task = Task.detached {
      let frames = ["|", "/", "-", "\\"]
      var turn = 0
      while !Task.isCancelled {
        let seconds = (ContinuousClock.now - start).components.seconds
        Console.raw("\r\u{1b}[K\(frames[turn % frames.count]) \(Console.visible(text)) (\(seconds) s)")
        turn += 1
        try? await Task.sleep(for: .milliseconds(150))
      }
    }
  }

  func stop() async {
    guard let task else { return }
    task.cancel()
    await task.value
    Console.raw("\r\u{1b}[K")
  }
}
