import CFileTrace
import Control
import Foundation
import Synchronization

/// Looks for operators' words twice a second, on a thread of its own: waking that costs a tenth of what waking a
/// task does, and a look that finds the journal's files as they were does not open them.
final class WordWatch: Sendable {
  private static let interval: useconds_t = 500_000
  /// Looks at the files until the journal is read in any case: what a coarse clock hides is not hidden for long.
  private static let patience = 20

  private let door: JournalDoor
  /// Paths as the system wants them.
  private let database: [CChar]
  /// Where SQLite writes first, whoever does. Without one, the database itself is looked at.
  private let log: [CChar]
  private let stopped = Atomic(false)

  init(_ door: JournalDoor) {
    self.door = door
    let path = door.location.database
    database = Array(path.utf8CString)
    log = Array((path + "-wal").utf8CString)
  }

  func start(after: Int64, _ found: @escaping @Sendable (OperatorWords) -> Void) {
    let thread = Thread { [self] in run(after: after, found) }
    thread.name = "journal-words"
    thread.stackSize = 1 << 20
    thread.start()
  }

  func stop() { stopped.store(true, ordering: .relaxed) }

  /// A journal that cannot be read now is read at the next look; nothing is skipped.
  private func run(after: Int64, _ found: (OperatorWords) -> Void) {
    let began = JournalClock.now().instant
    var place = Place(reader: nil, after: after)
    var traces = (log: FileTrace(), database: FileTrace())
    var isUnread = true
    var looks = 0
    while !stopped.load(ordering: .relaxed) {
      // Before it is read: what is written meanwhile is seen at the next look.
      if fileChanged(log, &traces.log) { isUnread = true }
      if traces.log.inode == 0, fileChanged(database, &traces.database) { isUnread = true }
      if isUnread || looks >= Self.patience {
        if let words = try? look(from: &place, began: began) {
          if !words.words.isEmpty { found(words) }
          (isUnread, looks) = (false, 0)
        }
      }
      looks += 1
      usleep(Self.interval)
    }
  }

  /// How far which file has been read.
  private struct Place {
    var reader: JournalReader?
    var after: Int64
  }

  private func look(from place: inout Place, began: Instant) throws -> OperatorWords {
    let reader = try door.reader()
    if let last = place.reader, last !== reader {
      // Another file counts from elsewhere. Reckoned back from now: the clock may have been set meanwhile.
      let now = JournalClock.now()
      place.after = try reader.lastRecord(before: now.wall + (now.instant - began) * -1)
    }
    place.reader = reader
    let words = try reader.wordsNow(after: place.after)
    place.after = words.upTo
    return words
  }
}
