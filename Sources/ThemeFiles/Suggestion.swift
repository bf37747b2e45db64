/// The name somebody probably meant.
enum Suggestion {
  /// `, did you mean drifted?` or nothing.
  static func phrase(_ name: String, among known: [String]) -> String {
    nearest(to: name, among: known).map { ", did you mean \($0)?" } ?? ""
  }

  /// The known name with the fewest edits, if they are few for its length.
  static func nearest(to name: String, among known: [String]) -> String? {
    guard name.count <= 60 else { return nil }
    let wanted = Array(name.lowercased())
    let best = known.map { (name: $0, edits: edits(wanted, Array($0.lowercased()))) }.min {
      $0.edits < $1.edits
    }
    guard let best, best.edits <= max(1, best.name.count / 3) else { return nil }
    return best.name
  }

  // Optimal string alignment: insert, delete, replace, swap neighbours.
  private static func edits(_ a: [Character], _ b: [Character]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var before = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in 1...a.count {
      var row = [i] + [Int](repeating: 0, count: b.count)
      for j in 1...b.count {
        row[j] = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
        if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
          row[j] = min(row[j], before[j - 2] + 1)
        }
      }
      before = previous
      previous = row
    }
    return previous[b.count]
  }
}
