/// Why a cron expression cannot be read, and where.
public struct CronProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// Characters before the offending place.
  public var position: Int
  public var reason: String

  public var description: String { "\(reason) at position \(position + 1)" }
}

extension CronSchedule {
  /// Reads the five fields minute, hour, day of month, month and day of week: numbers, `*`, lists `1,2`,
  /// ranges `1-5`, steps `*/15` and `10-40/5`, the English names of months and days, and 7 for Sunday.
  public init(parsing text: String) throws(CronProblem) {
    let fields = Self.split(text)
    guard fields.count == 5 else {
      throw CronProblem(
        position: fields.count > 5 ? fields[5].position : text.count,
        reason: "a schedule has 5 fields (minute hour day month weekday), found \(fields.count)")
    }
    let minutes = try CronField.minute.parse(fields[0])
    let hours = try CronField.hour.parse(fields[1])
    let days = try CronField.day.parse(fields[2])
    let months = try CronField.month.parse(fields[3])
    var weekdays = try CronField.weekday.parse(fields[4])
    if weekdays & 1 << 7 != 0 { weekdays |= 1 }
    self.text = text
    self.minutes = minutes
    self.hours = UInt32(truncatingIfNeeded: hours)
    self.days = UInt32(truncatingIfNeeded: days)
    self.months = UInt16(truncatingIfNeeded: months)
    self.weekdays = UInt8(truncatingIfNeeded: weekdays & 0x7F)
    // As cron has it, a field that begins with a star does not restrict, even with a step.
    daysRestricted = fields[2].text.first != "*"
    weekdaysRestricted = fields[4].text.first != "*"
    if !everOccurs {
      throw CronProblem(position: fields[2].position, reason: "no month of the schedule has such a day")
    }
  }

  /// Every hour is meant: such a schedule follows elapsed time where the clock is set, as cron does.
  var everyHour: Bool { hours == 0xFF_FFFF }

  private var everOccurs: Bool {
    if daysRestricted && weekdaysRestricted { return true }
    let lengths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return (1...12).contains { month in
      months & 1 << UInt16(month) != 0 && days & ((1 << UInt32(lengths[month - 1] + 1)) &- 2) != 0
    }
  }

  private static func split(_ text: String) -> [CronField.Piece] {
    var pieces: [CronField.Piece] = []
    var current = ""
    var start = 0
    for (position, character) in text.enumerated() {
      if character == " " || character == "\t" {
        if !current.isEmpty { pieces.append(CronField.Piece(text: current, position: start)) }
        current = ""
      } else {
        if current.isEmpty { start = position }
        current.append(character)
      }
    }
    if !current.isEmpty { pieces.append(CronField.Piece(text: current, position: start)) }
    return pieces
  }
}

/// One field of a cron expression: its range and the names it knows.
struct CronField {
  struct Piece {
    var text: String
    var position: Int
  }

  let name: String
  let range: ClosedRange<Int>
  var names: [String] = []

  static let minute = CronField(name: "minute", range: 0...59)
  static let hour = CronField(name: "hour", range: 0...23)
  static let day = CronField(name: "day", range: 1...31)
  static let month = CronField(
    name: "month", range: 1...12,
    names: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"])
  static let weekday = CronField(
    name: "weekday", range: 0...7, names: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"])

  /// The values of a field as bits.
  func parse(_ piece: Piece) throws(CronProblem) -> UInt64 {
    var bits: UInt64 = 0
    var position = piece.position
    for item in piece.text.split(separator: ",", omittingEmptySubsequences: false) {
      bits |= try parseItem(String(item), at: position)
      position += item.count + 1
    }
    return bits
  }

  private func parseItem(_ item: String, at position: Int) throws(CronProblem) -> UInt64 {
    let halves = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    let body = String(halves.first ?? "")
    var step = 1
    if halves.count > 1 {
      let place = position + body.count + 1
      guard let number = Int(halves[1]), (1...range.upperBound).contains(number), halves[1].first != "+"
      else {
        throw CronProblem(position: place, reason: "\(name): '\(halves[1])' is not a step")
      }
      step = number
    }
    let bounds: ClosedRange<Int>
    if body == "*" {
      // 7 is only another name of Sunday.
      bounds = range.lowerBound...(name == "weekday" ? 6 : range.upperBound)
    } else {
      let ends = body.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      let low = try value(String(ends.first ?? ""), at: position)
      let last = halves.count > 1 ? range.upperBound : low
      let high = try ends.count > 1 ? value(String(ends[1]), at: position + ends[0].count + 1) : last
      guard low <= high else {
        throw CronProblem(position: position, reason: "\(name): \(body) runs backwards")
      }
      bounds = low...high
    }
    var bits: UInt64 = 0
    for value in stride(from: bounds.lowerBound, through: bounds.upperBound, by: step) {
      bits |= 1 << UInt64(value)
    }
    return bits
  }

  private func value(_ text: String, at position: Int) throws(CronProblem) -> Int {
    if let index = names.firstIndex(of: text.lowercased()) { return index + (name == "month" ? 1 : 0) }
    guard let number = Int(text), text.first?.isNumber == true else {
      let what = text.isEmpty ? "a value is missing" : "'\(text)' is not a value"
      throw CronProblem(position: position, reason: "\(name): \(what)")
    }
    guard range.contains(number) else {
      let bounds = "\(range.lowerBound)…\(range.upperBound)"
      throw CronProblem(position: position, reason: "\(name): \(number) is outside \(bounds)")
    }
    return number
  }
}
