extension CorrectionWindow {
  /// Whether a window that the schedule began is open. It lasts `durationMinutes` of elapsed time.
  ///
  /// Where the clock is set forward, a start in the skipped hour begins when that hour is over. Where it is
  /// set back, a start in the repeated hour begins once, the first time. Only a schedule of every hour
  /// follows elapsed time.
  public func isOpen(at time: WallTime) -> Bool {
    let now = time.wholeSeconds
    // A window of a year is always open enough; a longer search would only cost.
    let length = Int64(min(max(durationMinutes, 0), 366 * 1440)) * 60
    guard length > 0, let start = latestStart(atOrBefore: now, notBefore: now - length) else { return false }
    return now - start < length
  }

  /// The next time after `time` at which the schedule begins a window, within a year.
  public func nextOpening(after time: WallTime) -> WallTime? {
    let now = time.wholeSeconds
    return earliestStart(after: now, until: now + 366 * 86_400)
      .map { WallTime(milliseconds: $0 * 1000) }
  }

  private func latestStart(atOrBefore now: Int64, notBefore limit: Int64) -> Int64? {
    var index = zone.transitionCount(at: now)
    var end = now
    while end >= limit {
      let segment = ZoneSegment(zone, index)
      if let start = segment.latestStart(of: schedule, atOrBefore: end, notBefore: max(limit, segment.begins))
      {
        return start
      }
      guard index > 0 else { return nil }
      index -= 1
      end = segment.begins - 1
    }
    return nil
  }

  private func earliestStart(after now: Int64, until limit: Int64) -> Int64? {
    var index = zone.transitionCount(at: now + 1)
    var begin = now + 1
    while begin <= limit {
      let segment = ZoneSegment(zone, index)
      if let start = segment.earliestStart(of: schedule, atOrAfter: begin, until: min(limit, segment.ends)) {
        return start
      }
      guard segment.ends < limit else { return nil }
      index += 1
      begin = segment.ends + 1
    }
    return nil
  }
}

/// A span of time with one offset from UTC. All times in seconds.
private struct ZoneSegment {
  /// First and last second.
  let begins: Int64
  let ends: Int64
  let offset: Int64
  /// The offset before it; its own for the first one.
  let offsetBefore: Int64

  init(_ zone: ZoneRules, _ index: Int) {
    let transitions = zone.transitions
    begins = index == 0 ? Int64.min / 4 : transitions[index - 1].at
    ends = index < transitions.count ? transitions[index].at - 1 : Int64.max / 4
    offset = Int64(index == 0 ? zone.initialOffset : transitions[index - 1].offset)
    offsetBefore =
      index == 0 ? offset : Int64(index == 1 ? zone.initialOffset : transitions[index - 2].offset)
  }

  /// First local second that does not repeat what the segment before had.
  private func firstLocal(_ schedule: CronSchedule) -> Int64 {
    begins + (schedule.everyHour ? offset : max(offset, offsetBefore))
  }

  /// Local times of the schedule were skipped where this segment begins, and one of them falls on its first
  /// second.
  private func beginsSkippedStart(_ schedule: CronSchedule) -> Bool {
    guard offset > offsetBefore, !schedule.everyHour else { return false }
    return schedule.latestStart(atOrBefore: begins + offset - 1, notBefore: begins + offsetBefore) != nil
  }

  func latestStart(of schedule: CronSchedule, atOrBefore now: Int64, notBefore limit: Int64) -> Int64? {
    let earliest = max(limit + offset, firstLocal(schedule))
    if let local = schedule.latestStart(atOrBefore: now + offset, notBefore: earliest) {
      return local - offset
    }
    return begins >= limit && beginsSkippedStart(schedule) ? begins : nil
  }

  func earliestStart(of schedule: CronSchedule, atOrAfter begin: Int64, until limit: Int64) -> Int64? {
    if begin <= begins, beginsSkippedStart(schedule) { return begins }
    let earliest = max(begin + offset, firstLocal(schedule))
    return schedule.earliestStart(atOrAfter: earliest, until: limit + offset).map { $0 - offset }
  }
}

extension CronSchedule {
  /// The last minute of the schedule in a span of local seconds.
  func latestStart(atOrBefore end: Int64, notBefore begin: Int64) -> Int64? {
    guard end >= begin else { return nil }
    var day = floorDivide(end, 86_400)
    let firstDay = floorDivide(begin, 86_400)
    var minute = Int((end - day * 86_400) / 60)
    while day >= firstDay {
      if matches(day: day), let found = latestMinute(atOrBefore: minute) {
        let start = day * 86_400 + Int64(found) * 60
        return start >= begin ? start : nil
      }
      day -= 1
      minute = 1439
    }
    return nil
  }

  /// The first minute of the schedule in a span of local seconds.
  func earliestStart(atOrAfter begin: Int64, until end: Int64) -> Int64? {
    guard end >= begin else { return nil }
    let rounded = floorDivide(begin + 59, 60)
    var day = floorDivide(rounded, 1440)
    let lastDay = floorDivide(end, 86_400)
    var minute = Int(rounded - day * 1440)
    while day <= lastDay {
      if matches(day: day), let found = earliestMinute(atOrAfter: minute) {
        let start = day * 86_400 + Int64(found) * 60
        return start <= end ? start : nil
      }
      day += 1
      minute = 0
    }
    return nil
  }

  /// - Parameter day: days since 1970-01-01.
  func matches(day: Int64) -> Bool {
    let date = CivilTime(secondsSince1970: day * 86_400)
    guard months & 1 << UInt16(date.month) != 0 else { return false }
    let dayMatches = days & 1 << UInt32(date.day) != 0
    let weekdayMatches = weekdays & 1 << UInt8(date.weekday) != 0
    return daysRestricted && weekdaysRestricted ? dayMatches || weekdayMatches : dayMatches && weekdayMatches
  }

  /// Minutes of the day.
  private func latestMinute(atOrBefore limit: Int) -> Int? {
    var hour = limit / 60
    var within = minutes & ((2 << UInt64(limit % 60)) &- 1)
    while hour >= 0 {
      if hours & 1 << UInt32(hour) != 0, within != 0 { return hour * 60 + 63 - within.leadingZeroBitCount }
      hour -= 1
      within = minutes
    }
    return nil
  }

  private func earliestMinute(atOrAfter limit: Int) -> Int? {
    var hour = limit / 60
    var within = minutes & ~((1 << UInt64(limit % 60)) &- 1)
    while hour < 24 {
      if hours & 1 << UInt32(hour) != 0, within != 0 { return hour * 60 + within.trailingZeroBitCount }
      hour += 1
      within = minutes
    }
    return nil
  }
}

extension ZoneRules {
  /// Transitions that have happened by a time.
  fileprivate func transitionCount(at second: Int64) -> Int {
    var low = 0
    var high = transitions.count
    while low < high {
      let middle = (low + high) / 2
      if transitions[middle].at <= second { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension WallTime {
  /// Seconds since 1970, rounded down; far times are brought to where sums cannot overflow.
  fileprivate var wholeSeconds: Int64 {
    min(max(floorDivide(milliseconds, 1000), -6_000_000_000_000), 6_000_000_000_000)
  }
}

/// Rounds down, also below zero. The divisor is positive.
func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
  let quotient = value / divisor
  return value % divisor < 0 ? quotient - 1 : quotient
}
