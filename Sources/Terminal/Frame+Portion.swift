extension Frame {
  /// On a slow line: this frame with some rows of the next one, so that no more than about `budget` cells change.
  ///
  /// The rows that answer keys come first: the one that keys move (where it is, and where it was), the one with the
  /// cursor, the last one. The others follow from `row` on, round and round, at least one each time unless keys were
  /// answered. What is left waits, and by then there may be a newer frame to take it from.
  /// - Returns: The frame to show now, whether it is all of `next`, and the row to go on from.
  public func approaching(
    _ next: Frame, cells budget: Int, from row: Int
  ) -> (frame: Frame, isWhole: Bool, row: Int) {
    guard size == next.size, size.area > 0 else { return (next, true, 0) }
    var portion = self
    portion.cursor = next.cursor
    portion.focusRow = next.focusRow
    var left = budget
    let bottom = size.height - 1
    func inside(_ row: Int) -> Int { min(max(row, 0), bottom) }
    // A list scrolled under its cursor has changed everywhere: that is no answer of one or two rows.
    for focus in [next.focusRow, focusRow].compactMap({ $0 }) where next.focusRow != nil {
      left -= portion.take(row: inside(focus), of: next)
    }
    var changedOne = left < budget
    if let cursor = next.cursor { left -= portion.take(row: inside(cursor.y), of: next) }
    left -= portion.take(row: bottom, of: next)
    let first = min(max(row, 0), size.height - 1)
    for step in 0..<size.height {
      let index = (first + step) % size.height
      let changes = portion.changes(row: index, in: next)
      guard changes > 0 else { continue }
      guard !changedOne || changes <= left else { return (portion, false, index) }
      left -= portion.take(row: index, of: next)
      changedOne = true
    }
    return (portion, true, 0)
  }

  private func changes(row: Int, in next: Frame) -> Int {
    let range = row * size.width..<(row + 1) * size.width
    return range.reduce(0) { $0 + (cells[$1] == next.cells[$1] ? 0 : 1) }
  }

  /// Returns how many cells were not alike.
  private mutating func take(row: Int, of next: Frame) -> Int {
    let count = changes(row: row, in: next)
    guard count > 0 else { return 0 }
    let range = row * size.width..<(row + 1) * size.width
    replaceCells(range, with: next.cells[range])
    return count
  }
}
