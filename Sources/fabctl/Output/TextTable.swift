import Foundation
import Terminal

/// Columns aligned by display width, two spaces apart, as kubectl prints them.
struct TextTable {
  var header: [String]
  var rows: [[String]] = []
  /// Columns whose numbers stand to the right.
  var rightAligned: Set<Int> = []
  /// Colours a padded cell, by column and plain text; never changes its width.
  var paint: (@Sendable (_ column: Int, _ cell: String) -> String)?

  func lines(withHeader: Bool = true) -> [String] {
    let widths = self.widths
    return (withHeader ? [line(header, widths, isHeader: true)] : []) + rows.map { line($0, widths) }
  }

  /// The same for a row that is printed later, under the columns of those before.
  func line(_ row: [String], _ widths: [Int], isHeader: Bool = false) -> String {
    var line = ""
    for (column, cell) in row.enumerated() {
      let width = column < widths.count ? widths[column] : 0
      let space = String(repeating: " ", count: max(0, width - DisplayWidth.of(cell)))
      let last = column == row.count - 1
      let shown = isHeader ? cell : paint?(column, cell) ?? cell
      if rightAligned.contains(column) { line += space + shown } else { line += shown + (last ? "" : space) }
      if !last { line += "  " }
    }
    return line
  }

  var widths: [Int] {
    let all = [header] + rows
    return header.indices.map { column in
      all.reduce(0) { max($0, column < $1.count ? DisplayWidth.of($1[column]) : 0) }
    }
  }
}
