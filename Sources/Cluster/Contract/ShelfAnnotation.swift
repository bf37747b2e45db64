import Control
import Kubernetes
import Manifest

/// Shelves as the annotation `fabgitops.io/shelves` carries them: a JSON list of
/// `{"by", "reason", "since", "until", "register"}`, times in RFC 3339, `register` absent for the whole device.
public enum ShelfAnnotation {
  /// More than this many are not read: an annotation is not a database.
  public static let capacity = 256

  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// Reads the annotation's text. Throws `Problem`, one line that says which entry is wrong.
  public static func shelves(_ text: String) throws(Problem) -> [Shelf] {
    guard let json = try? JSONValue(parsing: Array(text.utf8)), let entries = json.arrayValue else {
      throw Problem(description: "\(PLCAnnotation.shelves): not a JSON list")
    }
    guard entries.count <= capacity else {
      throw Problem(description: "\(PLCAnnotation.shelves): more than \(capacity) entries")
    }
    var shelves: [Shelf] = []
    for (index, entry) in entries.enumerated() {
      guard let until = entry["until"]?.stringValue.flatMap(WallTime.init(rfc3339:)) else {
        throw Problem(description: "\(PLCAnnotation.shelves)[\(index)].until: not an RFC 3339 time")
      }
      guard let reason = entry["reason"]?.stringValue, !reason.isEmpty else {
        throw Problem(description: "\(PLCAnnotation.shelves)[\(index)].reason: is required")
      }
      let since = entry["since"]?.stringValue.flatMap(WallTime.init(rfc3339:))
      shelves.append(
        Shelf(
          by: entry["by"]?.stringValue ?? "unknown", since: since ?? until, until: until, reason: reason,
          register: entry["register"]?.stringValue))
    }
    return shelves
  }

  /// The annotation's text; `nil` for none: the annotation is to be removed.
  public static func text(_ shelves: [Shelf]) -> String? {
    guard !shelves.isEmpty else { return nil }
    return JSONValue.array(
      shelves.map { shelf in
        var entry: JSONValue = [
          "by": .string(shelf.by), "reason": .string(shelf.reason),
          "since": .string(Timestamp(milliseconds: shelf.since.milliseconds).rfc3339),
          "until": .string(Timestamp(milliseconds: shelf.until.milliseconds).rfc3339),
        ]
        entry["register"] = shelf.register.map { .string($0) }
        return entry
      }
    ).description
  }
}
