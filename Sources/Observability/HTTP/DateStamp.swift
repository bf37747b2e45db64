import Control
import Synchronization

/// The `Date` of answers (RFC 9110, 5.6.7), made once in a second in which somebody asks.
final class DateStamp: Sendable {
  private let last = Mutex<(second: Int64, text: String)>((Int64.min, ""))

  func text(at time: WallTime) -> String {
    let second = time.milliseconds / 1000
    return last.withLock { last in
      if last.second != second { last = (second, Self.format(time.civil())) }
      return last.text
    }
  }

  private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func format(_ time: CivilTime) -> String {
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(days[time.weekday]), \(two(time.day)) \(months[time.month - 1]) \(time.year)"
      + " \(two(time.hour)):\(two(time.minute)):\(two(time.second)) GMT"
  }
}
