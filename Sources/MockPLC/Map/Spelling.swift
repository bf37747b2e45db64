/// Suggestions for words that are nearly right.
enum Spelling {
  /// `, did you mean 'address'?`, or `nil` when nothing is near.
  static func suggestion(for word: String, among known: [String]) -> String? {
    let lowered = word.lowercased()
    let near = known.map { ($0, distance(lowered, $0.lowercased())) }.min { $0.1 < $1.1 }
    guard let near, near.1 <= max(1, min(3, word.count / 2)) else { return nil }
    return ", did you mean '\(near.0)'?"
  }

  /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
  static func distance(_ left: String, _ right: String) -> Int {
    let a = Array(left.utf8.prefix(64))
    let b = Array(right.utf8.prefix(64))
    var before: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
      var row = [i + 1]
      for j in 0..<b.count {
        var best = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
        row.append(best)
      }
      before = previous
      previous = row
    }
    return previous[b.count]
  }
}
