import Dispatch
import Foundation
import MockPLC

/// SIGINT and SIGTERM as a stream of one element. Caught by libdispatch: one that comes before it does ends the process;
/// ignored meanwhile, it would be lost.
struct StopSignals {
  let stream: AsyncStream<Int32>
  private let sources: [any DispatchSourceSignal]

  init() {
    let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
    self.stream = stream
    sources = [SIGINT, SIGTERM].map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { @Sendable in continuation.yield(number) }
      source.resume()
      return source
    }
    // A reader of the log that goes away is no reason to die.
    signal(SIGPIPE, SIG_IGN)
  }

  /// Until a signal comes or `span` is over.
  func wait(atMost span: Elapsed?) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { [stream] in for await _ in stream { return } }
      if let span { group.addTask { try? await Task.sleep(for: .nanoseconds(span.nanoseconds)) } }
      await group.next()
      group.cancelAll()
    }
    withExtendedLifetime(sources) {}
  }
}
