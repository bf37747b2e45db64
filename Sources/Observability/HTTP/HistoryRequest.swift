import Control
import Fleet
import Foundation

/// A request that cannot be answered as it stands.
struct BadRequest: Error {
  var status: Int
  var message: String
}

/// The parameters of `/api/v1/devices/{namespace}/{name}/history`.
struct HistoryRequest {
  /// Answers are bounded, however much was recorded.
  static let mostPoints = 10_000

  /// `from` and `to` are RFC 3339; by default the hour before `now`.
  static func query(
    _ device: DeviceID, parameters: [(name: String, value: String)], now: WallTime
  ) throws(BadRequest) -> HistoryQuery {
    var query = HistoryQuery(devices: [device], from: now + .seconds(-3600), to: now, maxPoints: 500)
    var from: WallTime?
    for (name, value) in parameters {
      switch name {
      case "register": query.register = value
      case "from": from = try time(name, value)
      case "to": query.to = try time(name, value)
      case "maxPoints":
        guard let points = Int(value), (1...mostPoints).contains(points) else {
          throw BadRequest(status: 400, message: "maxPoints: a whole number from 1 to \(mostPoints)")
        }
        query.maxPoints = points
      default: throw BadRequest(status: 400, message: "\(name.prefix(64)): unknown parameter")
      }
    }
    query.from = from ?? query.to + .seconds(-3600)
    // What lies between two times, whichever is named first.
    if query.from > query.to { swap(&query.from, &query.to) }
    return query
  }

  private static func time(_ name: String, _ text: String) throws(BadRequest) -> WallTime {
    let (universal, ahead) = withoutOffset(text.uppercased())
    for style in [Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle()] {
      guard text.utf8.count <= 40, let date = try? style.parse(universal) else { continue }
      return WallTime(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()) - ahead * 60_000)
    }
    throw BadRequest(status: 400, message: "\(name): a time as 2026-01-02T03:04:05Z")
  }

  /// The time as if it were in UTC, and how many minutes it is ahead of that. RFC 3339 has offsets up to 23:59, of
  /// which Foundation reads those that are in use.
  private static func withoutOffset(_ text: String) -> (universal: String, ahead: Int64) {
    let tail = Array(text.utf8.suffix(6))
    guard tail.count == 6, tail[0] == UInt8(ascii: "+") || tail[0] == UInt8(ascii: "-"),
      tail[3] == UInt8(ascii: ":"), let hours = digits(tail[1...2]), hours <= 23,
      let minutes = digits(tail[4...5]), minutes <= 59
    else { return (text, 0) }
    let ahead = hours * 60 + minutes
    return (String(text.dropLast(6)) + "Z", tail[0] == UInt8(ascii: "-") ? -ahead : ahead)
  }

  private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard bytes.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int64(String(decoding: bytes, as: UTF8.self))
  }
}
