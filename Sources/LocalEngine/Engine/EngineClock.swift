import Control
import Foundation

/// Reads both clocks at once: the only place where the engine asks for the time.
struct EngineClock: Sendable {
  static func now() -> Moment {
    var monotonic = timespec()
    var wall = timespec()
    clock_gettime(CLOCK_MONOTONIC, &monotonic)
    clock_gettime(CLOCK_REALTIME, &wall)
    return Moment(
      instant: Instant(nanoseconds: Int64(monotonic.tv_sec) &* 1_000_000_000 &+ Int64(monotonic.tv_nsec)),
      wall: WallTime(milliseconds: Int64(wall.tv_sec) &* 1000 &+ Int64(wall.tv_nsec) / 1_000_000))
  }
}
