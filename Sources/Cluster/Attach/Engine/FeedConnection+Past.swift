import Control
import Fleet
import Foundation
import Kubernetes

extension FeedConnection {
  /// What the operator's journal kept; nil when it cannot be had, which is no reason to show nothing.
  func history(_ id: DeviceID, _ query: HistoryQuery) async -> DeviceHistory? {
    try? await kept(id, query)
  }

  func kept(_ id: DeviceID, _ query: HistoryQuery) async throws(ClientError) -> DeviceHistory {
    var items = [
      "from=\(query.from.rfc3339)", "to=\((query.to + .seconds(1)).rfc3339)",
      "maxPoints=\(min(max(query.maxPoints, 1), 10_000))",
    ]
    if let register = query.register { items.append("register=\(Self.escaped(register))") }
    let path = "\(Self.path(id))/history?\(items.joined(separator: "&"))"
    let json = try await get(path)
    do {
      return try DeviceHistory(reported: json)
    } catch {
      throw .undecodable("the history of \(id): \(error)")
    }
  }

  func provenance(_ id: DeviceID) async -> [String: Provenance]? {
    guard let json = try? await get("\(Self.path(id))/provenance") else { return nil }
    return ReportedProvenance.read(json)
  }

  private static func path(_ id: DeviceID) -> String {
    "/api/v1/devices/\(escaped(id.namespace))/\(escaped(id.name))"
  }

  /// Everything but RFC 3986's unreserved characters.
  private static func escaped(_ text: String) -> String {
    let plain = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
  }
}
