import Testing

@testable import Control

/// Europe/Berlin around the changes of 2026.
let berlin = ZoneRules(
  name: "Europe/Berlin", initialOffset: 3600,
  transitions: [
    .init(at: utc(2026, 3, 29, 1), offset: 7200), .init(at: utc(2026, 10, 25, 1), offset: 3600),
    .init(at: utc(2027, 3, 28, 1), offset: 7200), .init(at: utc(2027, 10, 31, 1), offset: 3600),
  ])

/// Seconds since 1970 of a time in UTC, counted day by day: slow, and independent of the code under test.
func utc(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0, _ second: Int = 0)
  -> Int64
{
  func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
  var days = 0
  for y in 1970..<year { days += isLeap(y) ? 366 : 365 }
  let lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  for m in 1..<month { days += lengths[m - 1] }
  return Int64(((days + day - 1) * 24 + hour) * 3600 + minute * 60 + second)
}

private func wall(_ seconds: Int64) -> WallTime { WallTime(milliseconds: seconds * 1000) }

private func window(_ schedule: String, _ minutes: Int, _ zone: ZoneRules = .utc) throws -> CorrectionWindow {
  CorrectionWindow(schedule: try CronSchedule(parsing: schedule), durationMinutes: minutes, zone: zone)
}

@Suite struct CronTests {
  @Test func fieldsAreRead() throws {
    let schedule = try CronSchedule(parsing: " */15 2,4-6  1 jan-MAR/2 Mon,7 ")
    #expect(schedule.minutes == 1 | 1 << 15 | 1 << 30 | 1 << 45)
    #expect(schedule.hours == 1 << 2 | 1 << 4 | 1 << 5 | 1 << 6)
    #expect(schedule.days == 1 << 1)
    #expect(schedule.months == 1 << 1 | 1 << 3)
    #expect(schedule.weekdays == 1 << 1 | 1 << 0)
    #expect(try CronSchedule(parsing: "10/20 * * * *").minutes == 1 << 10 | 1 << 30 | 1 << 50)
  }

  @Test(arguments: [
    ("", 0), ("0 2 * *", 7), ("0 2 * * * *", 10), ("60 2 * * *", 0), ("0 24 * * *", 2), ("0 0 0 * *", 4),
    ("0 0 * 13 *", 6), ("0 0 * * 8", 8), ("a 0 * * *", 0), ("0,,1 0 * * *", 2), ("5-1 0 * * *", 0),
    ("*/0 * * * *", 2), ("*/x * * * *", 2), ("1- * * * *", 2), ("-1 * * * *", 0), ("0 0 31 2 *", 4),
    ("0 0 30-31 feb *", 4), ("+5 * * * *", 0), ("0 0 * jan-foo *", 10),
  ])
  func mistakesHaveAPlace(text: String, position: Int) {
    do throws(CronProblem) {
      _ = try CronSchedule(parsing: text)
      Issue.record("'\(text)' was accepted")
    } catch { #expect(error.position == position, "\(text): \(error)") }
  }

  @Test func aWindowLastsItsDuration() throws {
    let nightly = try window("0 2 * * *", 120)
    #expect(!nightly.isOpen(at: wall(utc(2026, 1, 5, 1, 59, 59))))
    #expect(nightly.isOpen(at: wall(utc(2026, 1, 5, 2))))
    #expect(nightly.isOpen(at: wall(utc(2026, 1, 5, 3, 59, 59))))
    #expect(!nightly.isOpen(at: wall(utc(2026, 1, 5, 4))))
    #expect(nightly.nextOpening(after: wall(utc(2026, 1, 5, 4))) == wall(utc(2026, 1, 6, 2)))
    #expect(nightly.nextOpening(after: wall(utc(2026, 1, 5, 1, 30))) == wall(utc(2026, 1, 5, 2)))
    let acrossMidnight = try window("30 23 * * fri", 90)
    #expect(acrossMidnight.isOpen(at: wall(utc(2026, 1, 10, 0, 59))))
    #expect(!acrossMidnight.isOpen(at: wall(utc(2026, 1, 11, 0, 59))))
  }

  @Test func eitherDayFieldMatches() throws {
    let either = try window("0 0 13 * fri", 1)
    #expect(either.isOpen(at: wall(utc(2026, 1, 13))))  // a Tuesday
    #expect(either.isOpen(at: wall(utc(2026, 1, 16))))  // a Friday
    #expect(!either.isOpen(at: wall(utc(2026, 1, 14))))
  }

  @Test func aSkippedStartBeginsWhenTheHourIsOver() throws {
    // On 29 March 2026 Berlin's clocks go from 02:00 to 03:00, at 01:00 UTC.
    let early = try window("30 2 * * *", 30, berlin)
    #expect(!early.isOpen(at: wall(utc(2026, 3, 29, 0, 59))))
    #expect(early.isOpen(at: wall(utc(2026, 3, 29, 1))))
    #expect(early.isOpen(at: wall(utc(2026, 3, 29, 1, 29))))
    #expect(!early.isOpen(at: wall(utc(2026, 3, 29, 1, 30))))
    #expect(early.nextOpening(after: wall(utc(2026, 3, 29, 0))) == wall(utc(2026, 3, 29, 1)))
    #expect(early.nextOpening(after: wall(utc(2026, 3, 29, 1))) == wall(utc(2026, 3, 30, 0, 30)))
    let long = try window("0 1 * * *", 180, berlin)
    #expect(long.isOpen(at: wall(utc(2026, 3, 29, 2, 59))))
    #expect(!long.isOpen(at: wall(utc(2026, 3, 29, 3))))
  }

  @Test func aRepeatedStartBeginsOnce() throws {
    // On 25 October 2026 Berlin's clocks go from 03:00 back to 02:00, at 01:00 UTC.
    let once = try window("30 2 * * *", 30, berlin)
    #expect(once.isOpen(at: wall(utc(2026, 10, 25, 0, 30))))
    #expect(!once.isOpen(at: wall(utc(2026, 10, 25, 1, 30))))
    #expect(once.nextOpening(after: wall(utc(2026, 10, 25, 0, 30))) == wall(utc(2026, 10, 26, 1, 30)))
    let hourly = try window("30 * * * *", 10, berlin)
    #expect(hourly.isOpen(at: wall(utc(2026, 10, 25, 0, 30))))
    #expect(hourly.isOpen(at: wall(utc(2026, 10, 25, 1, 30))))
  }

  @Test func rareSchedulesAreFoundOrNot() throws {
    let leapDay = try window("0 0 29 2 *", 60)
    #expect(leapDay.isOpen(at: wall(utc(2028, 2, 29, 0, 30))))
    #expect(leapDay.nextOpening(after: wall(utc(2026, 1, 1))) == nil)
    #expect(leapDay.nextOpening(after: wall(utc(2027, 6, 1))) == wall(utc(2028, 2, 29)))
    let never = CorrectionWindow(
      schedule: try CronSchedule(parsing: "0 0 * * *"), durationMinutes: 0, zone: .utc)
    #expect(!never.isOpen(at: wall(utc(2026, 1, 1))))
  }

  /// Against the definition, minute by minute, over the days around both changes.
  @Test(arguments: [
    ("30 2 * * *", 45), ("*/20 1-3 * * *", 7), ("15 * * * *", 10), ("0 0,12 25,29 3,10 *", 700),
    ("0 3 * * 0", 300),
  ])
  func agreesWithCounting(text: String, minutes: Int) throws {
    let window = try window(text, minutes, berlin)
    for day in [utc(2026, 3, 27), utc(2026, 10, 23)] {
      var starts: [Int64] = []
      var seen: Set<Int64> = []
      for minute in -2880..<(4 * 1440) {
        let time = day + Int64(minute) * 60
        let local = time + Int64(berlin.offset(at: time))
        let before = time - 60 + Int64(berlin.offset(at: time - 60))
        let isNew = seen.insert(local).inserted || window.schedule.everyHour
        var begins = isNew && matches(window.schedule, local)
        if local > before + 60, !window.schedule.everyHour {
          for skipped in stride(from: before + 60, to: local, by: 60) where matches(window.schedule, skipped)
          {
            begins = true
          }
        }
        if begins { starts.append(time) }
      }
      for minute in 0..<(4 * 1440) {
        let time = day + Int64(minute) * 60 + 17
        let open = starts.contains { $0 <= time && time < $0 + Int64(minutes) * 60 }
        #expect(window.isOpen(at: wall(time)) == open, "\(text) at \(wall(time).rfc3339)")
        guard minute % 37 == 0, let next = starts.first(where: { $0 > time }), time < day + 2 * 86_400 else {
          continue
        }
        #expect(window.nextOpening(after: wall(time)) == wall(next), "\(text) after \(wall(time).rfc3339)")
      }
    }
  }

  private func matches(_ schedule: CronSchedule, _ local: Int64) -> Bool {
    let minuteOfDay = Int(local % 86_400 / 60)
    return schedule.matches(day: local / 86_400) && schedule.hours & 1 << UInt32(minuteOfDay / 60) != 0
      && schedule.minutes & 1 << UInt64(minuteOfDay % 60) != 0
  }

  @Test func extremeTimesDoNoHarm() throws {
    let nightly = try window("0 2 * * *", 120, berlin)
    for time in [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max] {
      _ = nightly.isOpen(at: WallTime(milliseconds: time))
      _ = nightly.nextOpening(after: WallTime(milliseconds: time))
    }
    let endless = CorrectionWindow(schedule: nightly.schedule, durationMinutes: .max, zone: berlin)
    #expect(endless.isOpen(at: wall(utc(2026, 1, 1))))
  }
}
