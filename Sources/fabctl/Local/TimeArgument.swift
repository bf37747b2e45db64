import ArgumentParser
import Control
import Manifest

/// A moment as RFC 3339 has it.
struct TimeArgument: ExpressibleByArgument {
  let time: WallTime

  init?(argument: String) {
    guard let time = WallTime(rfc3339: argument) else { return nil }
    self.time = time
  }
}
