import Control
import Foundation

/// Schedules and time zones of correction windows.
enum WindowText {
  /// The zone's offsets from 2020 to 2060, from the system's time zone database; `nil` for a name it does
  /// not know.
  static func zone(_ name: String) -> ZoneRules? {
    if name == "UTC" { return .utc }
    // "EST5EDT" and "GMT+3" are understood by the library, but mean different things to different people.
    guard name.contains("/") || name == "GMT", let zone = TimeZone(identifier: name) else { return nil }
    let start = Date(timeIntervalSince1970: 1_577_836_800)
    let end = Date(timeIntervalSince1970: 2_840_140_800)
    var rules = ZoneRules(name: name, initialOffset: Int32(clamping: zone.secondsFromGMT(for: start)))
    var at = start
    // Two a year at most, save for curiosities such as Ramadan in Morocco.
    while rules.transitions.count < 400, let next = zone.nextDaylightSavingTimeTransition(after: at),
      next < end
    {
      guard next > at else { break }
      rules.transitions.append(
        .init(
          at: Int64(next.timeIntervalSince1970),
          offset: Int32(clamping: zone.secondsFromGMT(for: next.addingTimeInterval(1)))))
      at = next
    }
    return rules
  }

  /// What is wrong with a cron expression; `nil`: nothing.
  static func scheduleProblem(_ text: String) -> String? {
    do {
      _ = try CronSchedule(parsing: text)
      return nil
    } catch {
      return "\(ManifestValue.string(text).described): \(error)"
    }
  }

  static func window(_ object: CheckedObject) -> CorrectionWindow? {
    guard let text = object.text("schedule"), let schedule = try? CronSchedule(parsing: text),
      let minutes = object.integer("durationMins"), let zone = zone(object.text("timeZone") ?? "UTC")
    else { return nil }
    return CorrectionWindow(schedule: schedule, durationMinutes: minutes, zone: zone)
  }
}
