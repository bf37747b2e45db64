import Dispatch
import Foundation

/// SIGINT and SIGTERM as a stream; a second one ends the process at once. Caught by libdispatch: one that comes before it
/// does ends the process, too; ignored meanwhile, it would be lost.
final class StopSignals: Sendable {
  let stream: AsyncStream<Int32>
  /// Only kept alive; never touched again.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.stream = stream
    let seen = Seen()
    sources = [SIGINT, SIGTERM].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { @Sendable in
        if seen.again() { _exit(128 + number) }
        continuation.yield(number)
      }
      source.resume()
      return source
    }
  }

  private final class Seen: @unchecked Sendable {
    private let lock = NSLock()
    private var count = 0

    func again() -> Bool {
      lock.withLock {
        count += 1
        return count > 1
      }
    }
  }
}
