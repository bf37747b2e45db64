/// A shelf with its end on the monotonic clock: two hours of silence are two hours, whatever is done to the civil
/// clock meanwhile. A clock that leaps ahead must not end a silence and let writes go out.
struct StandingShelf: Sendable {
  let shelf: Shelf
  /// Exclusive.
  let endsAt: Instant

  /// Of an earlier process's shelf only civil times are left. Never longer than it was ordered for: the clock may
  /// have been set back since.
  init(_ shelf: Shelf, at now: Moment) {
    self.shelf = shelf
    let ordered = max(shelf.until - shelf.since, .zero)
    endsAt = now.instant + min(max(shelf.until - now.wall, .zero), ordered)
  }

  func isOver(at now: Moment) -> Bool { now.instant >= endsAt }

  /// For people: ends when it will end on their clock, also after that one was set.
  func told(at now: Moment) -> Shelf {
    let end = now.wall + (endsAt - now.instant)
    let shift = end - shelf.until
    // The two clocks read together differ by less than this; a shown time must not flicker.
    guard max(shift, shift * -1) > .seconds(1) else { return shelf }
    var told = shelf
    told.until = end
    return told
  }
}
