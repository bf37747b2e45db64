import Foundation
import Terminal

/// Columns aligned by display width, two spaces apart, as kubectl prints them.
struct TextTable {
  var header: [String]
  var rows: [[String]] = []
  /// Columns whose numbers stand to the right.
  var rightAligned: Set<Int> = []

  func lines(withHeader: Bool = true) -> [String] {
    let all = (withHeader ? [header] : []) + rows
    let columns = header.count
    let widths = (0..<columns).map { column in
      all.reduce(0) { max($0, column < $1.count ? DisplayWidth.of($1[column]) : 0) }
    }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: max(0, widths[column] - DisplayWidth.of(cell)))
        let last = column == row.count - 1
        if rightAligned.contains(column) { line += space + cell } else { line += cell + (last ? "" : space) }
        if !last { line += "  " }
      }
      return line
    }
  }
}
