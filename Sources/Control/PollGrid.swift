/// The times of a device's regular polls: a fixed grid on the monotonic clock, so that polls neither drift
/// nor bunch, shifted by a hash of the device, so that a thousand devices do not poll in the same
/// millisecond. A few may well: the engine then wakes once for all of them and not once for each.
struct PollGrid: Hashable, Sendable {
  private let interval: Int64
  private let phase: Int64

  /// - Parameter slots: so many moments of an interval are polled at, 1 or more; `nil`: any nanosecond of it.
  init(interval: TimeSpan, id: DeviceID, slots: Int? = nil) {
    let interval = max(interval.nanoseconds, 1_000_000)
    let choices = slots.map { min(Int64(max($0, 1)), interval) } ?? interval
    self.interval = interval
    phase = Int64(SplitMix64.mix(id.stableHash) % UInt64(choices)) * (interval / choices)
  }

  /// The first poll time later than `time`. Polls that were missed until then are skipped.
  func next(after time: Instant) -> Instant {
    let (shifted, overflow) = time.nanoseconds.subtractingReportingOverflow(phase)
    guard !overflow else { return time + TimeSpan(nanoseconds: interval) }
    let steps = floorDivide(shifted, interval)
    return Instant(nanoseconds: saturatingSum(saturatingProduct(steps, interval), phase))
      + TimeSpan(nanoseconds: interval)
  }
}

extension DeviceID {
  /// FNV-1a over the name: the same in every process, unlike `hashValue`.
  public var stableHash: UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in namespace.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    hash = (hash ^ 0x2F) &* 0x100_0000_01B3
    for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
