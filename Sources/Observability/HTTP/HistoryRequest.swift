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
    for style in [Date.ISO8601FormatStyle(includingFractionalSeconds: true), Date.ISO8601FormatStyle()] {
      guard text.utf8.count <= 40, let date = try? style.parse(text) else { continue }
      return WallTime(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }
    throw BadRequest(status: 400, message: "\(name): a time as 2026-01-02T03:04:05Z")
  }
}
