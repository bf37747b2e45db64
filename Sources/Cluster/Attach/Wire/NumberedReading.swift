import Control
import Fleet
import Kubernetes

/// One device of a `reads` line.
struct NumberedReading: Hashable, Sendable {
  /// The device's, as its `device` line gave it in the same stream.
  var number: Int
  var reading: Rereading

  /// `{"at": TIME, "devices": [NUMBER, MILLISECONDS, …], "words": [[NUMBER, REGISTER, WORD, …], …]}`, with each device's
  /// time in milliseconds after `at`.
  static func all(_ json: JSONValue) throws(FleetLineError) -> [NumberedReading] {
    guard let base = json.time("at") else { throw FleetLineError(message: "reads without a time") }
    let devices = json["devices"]?.arrayValue ?? []
    guard devices.count.isMultiple(of: 2) else {
      throw FleetLineError(message: "reads: a number without a time")
    }
    let words = try Self.words(json["words"]?.arrayValue ?? [])
    var found: [NumberedReading] = []
    found.reserveCapacity(devices.count / 2)
    for index in stride(from: 0, to: devices.count, by: 2) {
      guard let number = devices[index].integerValue.flatMap({ Int(exactly: $0) }),
        let later = devices[index + 1].integerValue, later.magnitude <= Self.mostMilliseconds
      else { throw FleetLineError(message: "reads: no device and time") }
      let (at, overflow) = base.milliseconds.addingReportingOverflow(later)
      guard !overflow else { throw FleetLineError(message: "reads: no time") }
      found.append(
        NumberedReading(
          number: number,
          reading: Rereading(at: WallTime(milliseconds: at), words: words[number] ?? [])))
    }
    return found
  }

  /// A year: what was read so long before or after is not told this way.
  private static let mostMilliseconds: UInt64 = 365 * 86_400_000

  private static func words(_ json: [JSONValue]) throws(FleetLineError) -> [Int: [Rereading.Words]] {
    var found: [Int: [Rereading.Words]] = [:]
    for element in json {
      let numbers = (element.arrayValue ?? []).compactMap(\.integerValue)
      guard numbers.count >= 2, let device = Int(exactly: numbers[0]), let register = Int(exactly: numbers[1])
      else { throw FleetLineError(message: "reads: no device, register and words") }
      let words = numbers.dropFirst(2).compactMap { UInt16(exactly: $0) }
      guard words.count == numbers.count - 2 else {
        throw FleetLineError(message: "reads: a word is a number from 0 to 65535")
      }
      found[device, default: []].append(.init(register: register, words: words))
    }
    return found
  }
}
