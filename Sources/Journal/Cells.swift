import Foundation
import GRDB

/// Cells of a row by position, `nil` where the stored type is another: the file may have been edited by hand, and
/// GRDB's own subscripts end the process on a value that does not convert.
struct Cells {
  private let row: Row

  init(_ row: Row) { self.row = row }

  func integer(_ index: Int) -> Int64? {
    if case .int64(let value) = storage(index) { value } else { nil }
  }

  func real(_ index: Int) -> Double? {
    switch storage(index) {
    case .double(let value): value
    case .int64(let value): Double(value)
    default: nil
    }
  }

  func text(_ index: Int) -> String? {
    if case .string(let value) = storage(index) { value } else { nil }
  }

  func bytes(_ index: Int) -> [UInt8]? {
    if case .blob(let value) = storage(index) { Array(value) } else { nil }
  }

  static func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }

  private func storage(_ index: Int) -> DatabaseValue.Storage {
    guard index < row.count else { return .null }
    let value: DatabaseValue = row[index]
    return value.storage
  }
}
