import ArgumentParser
import Control
import Manifest

/// A moment as RFC 3339 has it.
struct TimeArgument {
  let time: WallTime

  /// For an option's `transform`.
  @Sendable static func parse(_ text: String) throws -> TimeArgument {
    guard let value = TimeArgument(argument: text) else {
      throw ValidationError("a moment is written 2026-01-02T03:04:05Z")
    }
    return value
  }

  init?(argument: String) {
    guard let time = WallTime(rfc3339: argument) else { return nil }
    self.time = time
  }
}
