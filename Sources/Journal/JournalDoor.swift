import Control
import Synchronization

/// The journal of one device set for whoever stays and reads: it is opened when somebody looks, and again when another
/// file has taken its place. It may be missing or unreadable when an engine starts, and be moved away while it runs.
public final class JournalDoor: Sendable {
  private struct Opened: Sendable {
    var reader: JournalReader
    var file: JournalLocation.FileIdentity?
  }

  let location: JournalLocation
  private let opened = Mutex<Opened?>(nil)

  public init(_ location: JournalLocation) { self.location = location }

  /// Reads the file that is there now.
  public func reader() throws(JournalProblem) -> JournalReader {
    // Before it is opened: one that is put there meanwhile is another one at the next look.
    let file = location.identity()
    return try opened.withLock { opened throws(JournalProblem) in
      if let opened, opened.file == file { return opened.reader }
      opened = nil
      let reader = try JournalReader(location)
      opened = Opened(reader: reader, file: file)
      return reader
    }
  }

  /// What is said after the audit record `after` by processes that do not control, until the stream's reader stops.
  /// Of a file that takes the journal's place, what was said since this began.
  public func words(after: Int64) -> AsyncStream<OperatorWords> {
    let (stream, continuation) = AsyncStream.makeStream(of: OperatorWords.self)
    let watch = WordWatch(self)
    continuation.onTermination = { _ in watch.stop() }
    watch.start(after: after) { continuation.yield($0) }
    return stream
  }
}
