import Foundation
import Synchronization

/// Looks for operators' words four times a second, on a thread of its own: waking that costs a tenth of what waking a
/// task does, and a look that finds the journal's files as they were does not open them.
final class WordWatch: Sendable {
  private static let interval: useconds_t = 250_000
  /// Looks at the files until the journal is read in any case: what a coarse clock hides is not hidden for long.
  private static let patience = 8

  private let reader: JournalReader
  private let files: [String]
  private let stopped = Atomic(false)

  init(_ reader: JournalReader, database: String) {
    self.reader = reader
    files = [database, database + "-wal"]
  }

  func start(after: Int64?, _ found: @escaping @Sendable (OperatorWords) -> Void) {
    let thread = Thread { [self] in run(after: after, found) }
    thread.name = "journal-words"
    thread.stackSize = 1 << 20
    thread.start()
  }

  func stop() { stopped.store(true, ordering: .relaxed) }

  /// A journal that cannot be read now is read at the next look; nothing is skipped.
  private func run(after: Int64?, _ found: (OperatorWords) -> Void) {
    var from = after
    var read: [FileTrace?]?
    var looks = 0
    while !stopped.load(ordering: .relaxed) {
      let traces = files.map(FileTrace.init(path:))
      if traces != read || looks >= Self.patience {
        if let words = try? reader.wordsNow(after: from) {
          if !words.words.isEmpty { found(words) }
          (from, read, looks) = (words.upTo, traces, 0)
        }
      }
      looks += 1
      usleep(Self.interval)
    }
  }
}

/// Another one when something was written into the file.
private struct FileTrace: Equatable {
  private let inode: UInt64
  private let size: Int64
  private let seconds: Int64
  private let nanoseconds: Int64

  /// `nil`: there is none.
  init?(path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    inode = UInt64(status.st_ino)
    size = Int64(status.st_size)
    seconds = Int64(status.st_mtim.tv_sec)
    nanoseconds = Int64(status.st_mtim.tv_nsec)
  }
}
