import CBareSystem
import Dispatch
import Foundation
import Synchronization

/// SIGINT, SIGTERM and SIGHUP as a stream, for programs without a terminal session of their own.
///
/// libdispatch catches them itself. One that comes before it does ends the process, as it would end any other; ignored
/// meanwhile, it would be lost.
final class StopSignals: Sendable {
  let stream: AsyncStream<Int32>
  private let first = Arrival()
  /// Only kept alive; never touched again.
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.stream = stream
    let first = first
    sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { @Sendable in
        if number == SIGHUP { leaveLostTerminal() }
        first.number.withLock { $0 = $0 ?? number }
        continuation.yield(number)
      }
      source.resume()
      return source
    }
  }

  /// The first that came; `nil`: none yet.
  var arrived: Int32? { first.number.withLock { $0 } }

  private final class Arrival: Sendable {
    let number = Mutex<Int32?>(nil)
  }
}
