import Control

/// The same value read `count` times from `first` until `last`, within one minute.
struct SampleRun: Hashable {
  var series: Series
  var first: Int64
  var last: Int64
  var count: Int64
  var value: Double

  var minute: Int64 { floorDivide(first, 60_000) }
}

/// Joins equal successive samples, so that a steady fleet costs one row a run instead of one a poll. Exact: a run
/// ends when the value changes, the minute ends, the clock goes back or reads stay out.
struct SampleRuns {
  /// Longest run kept in memory, ms.
  let span: Int64
  /// By `Series.index`.
  private var open: [SampleRun?] = []
  private var openCount = 0

  init(span: TimeSpan) { self.span = max(1, span.milliseconds) }

  /// Adds samples in the order in which they were read; returns the runs that ended.
  mutating func absorb(_ samples: [Sample]) -> [SampleRun] {
    var ended: [SampleRun] = []
    for sample in samples where sample.value.isFinite {
      let index = Int(sample.series.index)
      while open.count <= index { open.append(nil) }
      let at = sample.at.milliseconds
      if var run = open[index] {
        if joins(run, at: at, value: sample.value) {
          run.last = at
          run.count &+= 1
          open[index] = run
          continue
        }
        ended.append(run)
      } else {
        openCount += 1
      }
      open[index] = SampleRun(series: sample.series, first: at, last: at, count: 1, value: sample.value)
    }
    return ended
  }

  private func joins(_ run: SampleRun, at: Int64, value: Double) -> Bool {
    guard run.value == value, at > run.last else { return false }
    guard at.subtractingReportingOverflow(run.first).partialValue <= span else { return false }
    // Later than twice the run's own rhythm is a gap, which a run would hide.
    if run.count > 1 {
      let rhythm = (run.last &- run.first) / (run.count - 1)
      if at &- run.last > rhythm &* 2 &+ 50 { return false }
    }
    return floorDivide(at, 60_000) == run.minute
  }

  /// Ends the runs that began at or before a time (of the samples' clock), or after `now` (the clock went back).
  mutating func end(startedBy limit: Int64, now: Int64) -> [SampleRun] {
    guard openCount > 0 else { return [] }
    var ended: [SampleRun] = []
    for index in open.indices {
      guard let run = open[index], run.first <= limit || run.first > now else { continue }
      ended.append(run)
      open[index] = nil
      openCount -= 1
    }
    return ended
  }
}

/// Rounds toward minus infinity; `divisor` > 0.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}
