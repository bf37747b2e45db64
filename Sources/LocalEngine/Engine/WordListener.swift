import Control
import Fleet
import Journal
import NIOCore

/// Takes up what operators say through other processes (`fabctl hold` beside this controller): they leave it in the
/// journal, this hears of it within half a second and says in the audit how far it has taken it up.
struct WordListener: Sendable {
  let door: JournalDoor
  /// Comes when what the journal holds is in force: its last audit record by then.
  let restored: AsyncStream<Int64>
  /// Acts on the words on the engine's loop.
  let take: @Sendable (OperatorWords) async -> Void

  /// Runs until cancelled.
  func run() async {
    for await last in restored {
      for await found in door.words(after: last) { await take(found) }
    }
  }
}

extension EngineCore {
  /// What was said elsewhere is done here as if it had been said here; it is in the audit already.
  func take(_ words: OperatorWords) {
    let desk = CommandDesk(core: self)
    for word in words.words { _ = desk.take(word.command) }
    if let last = words.words.last { audit.noteTakenUp(upTo: last.sequence, at: now().wall) }
  }
}
