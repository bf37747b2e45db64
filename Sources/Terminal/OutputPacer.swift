/// Decides when the next frame may be drawn, so that a slow line never carries a backlog of old
/// frames. Times are nanoseconds of any monotonic clock.
///
/// A serial line tells its queue (`TIOCOUTQ`) and its speed. A pseudo-terminal tells neither: its
/// queue reads as 0 however full it is. So the rate is learned from the only sign there is, a write
/// that was refused: from then until the next refusal the line takes bytes as fast as it drains.
public struct OutputPacer: Hashable, Sendable {
  /// A backlog worth this many milliseconds is tolerated.
  public static let tolerance: UInt64 = 125
  /// A rate learned is doubled after this long without a refused write.
  static let forgetAfter: UInt64 = 20_000_000_000
  /// What a pseudo-terminal holds before it refuses (measured on Linux 4 to 6: 19,600 bytes).
  static let assumedBuffer: UInt64 = 19_600

  // Beyond these nothing is paced any more; they keep the products below from overflowing.
  private static let mostBytes: UInt64 = 1 << 32
  private static let highestRate: UInt64 = 1 << 24

  private let interval: UInt64
  private let minimumRate: UInt64
  /// Bytes a second, if known.
  public private(set) var rate: UInt64?
  private var backlog: UInt64 = 0
  private var backlogTime: UInt64 = 0
  private var lastFrame: UInt64?
  private var stallStart: UInt64?
  private var stallBytes: UInt64 = 0
  private var lastStall: UInt64 = 0

  /// - Parameters:
  ///   - framesPerSecond: at most this many, 1...120.
  ///   - bytesPerSecond: the line's speed where it is known.
  public init(framesPerSecond: Int, bytesPerSecond: Int? = nil) {
    interval = 1_000_000_000 / UInt64(min(max(framesPerSecond, 1), 120))
    rate = bytesPerSecond.map { min(UInt64(max($0, 10)), OutputPacer.highestRate) }
    minimumRate = 10
  }

  /// When the next frame may be drawn: `now` or later.
  /// - Parameter answering: a key waits for it: a quarter of the usual interval will do.
  public func nextFrame(now: UInt64, answering: Bool = false) -> UInt64 {
    var earliest = now
    if let lastFrame { earliest = max(earliest, lastFrame &+ (answering ? interval / 4 : interval)) }
    if let rate {
      let left = remaining(at: now)
      let tolerated = rate * OutputPacer.tolerance / 1000
      if left > tolerated {
        earliest = max(earliest, now &+ (left - tolerated) * 1_000_000_000 / max(rate, 1))
      }
    }
    return earliest
  }

  /// A frame was handed over.
  public mutating func drew(now: UInt64) { lastFrame = now }

  /// The terminal accepted bytes.
  public mutating func wrote(_ bytes: Int, now: UInt64) {
    settle(now)
    let count = min(UInt64(max(bytes, 0)), OutputPacer.mostBytes)
    backlog = min(backlog + count, OutputPacer.mostBytes)
    if stallStart != nil { stallBytes = min(stallBytes + count, OutputPacer.mostBytes) }
    guard rate != nil, stallStart == nil, now > lastStall &+ OutputPacer.forgetAfter else { return }
    lastStall = now
    rate = rate.flatMap { $0 * 2 > OutputPacer.highestRate ? nil : $0 * 2 }
  }

  /// The terminal refused bytes: its queue is full.
  public mutating func stalled(now: UInt64) {
    settle(now)
    defer {
      stallStart = now
      stallBytes = 0
      lastStall = now
      backlog = max(backlog, OutputPacer.assumedBuffer)
    }
    guard let start = stallStart, now > start, stallBytes > 0 else { return }
    let measured = measuredRate(now - start)
    rate = rate.map { ($0 + measured) / 2 } ?? measured
  }

  /// Everything that was to be written has been accepted.
  public mutating func caughtUp(now: UInt64) {
    if let start = stallStart, now > start, stallBytes > 0, rate == nil {
      rate = measuredRate(now - start)
    }
    stallStart = nil
  }

  private func measuredRate(_ elapsed: UInt64) -> UInt64 {
    min(max(stallBytes * 1_000_000_000 / max(elapsed, 1), minimumRate), OutputPacer.highestRate)
  }

  private func remaining(at now: UInt64) -> UInt64 {
    guard let rate, now > backlogTime else { return backlog }
    let elapsed = min(now - backlogTime, 3_600_000_000_000)
    let drained = (elapsed / 1_000_000) &* rate / 1000
    return backlog > drained ? backlog - drained : 0
  }

  private mutating func settle(_ now: UInt64) {
    if rate == nil { backlog = 0 }
    backlog = remaining(at: now)
    backlogTime = now
  }
}
