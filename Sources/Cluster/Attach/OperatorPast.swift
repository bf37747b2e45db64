import Control
import Fleet
import Kubernetes

/// What a site's operators keep of the past: one answer, for commands that print and end.
public struct OperatorPast: Sendable {
  /// Why there is no answer.
  public enum Failure: Error, Hashable, Sendable {
    /// No operator's Service is there to be asked.
    case nowhere(namespace: String)
    /// The way is closed: a permission that is missing, a wire that failed, an operator that does not run.
    case closed(ClientError)
    /// Every operator that answered watches other devices, or stands by.
    case unknownDevice
    case unknownRegister
  }

  private let site: Site
  private let options: AttachOptions

  /// Behind a Service each request may reach another replica, and only the leading one knows its devices.
  private static let tries = 8

  public init(_ site: Site, userAgent: String, environment: [String: String]) {
    self.site = site
    var options = AttachOptions(userAgent: userAgent, environment: environment)
    // Somebody is waiting at a prompt.
    options.client.connectTimeout = .seconds(5)
    options.client.retry.attempts = 2
    self.options = options
  }

  /// - Parameter id: without a site's prefix.
  public func history(_ id: DeviceID, _ query: HistoryQuery) async throws(Failure) -> DeviceHistory {
    let connections = try await connections()
    var closed: ClientError?
    for attempt in 1...Self.tries {
      var hasAnswered = false
      for connection in connections {
        do throws(ClientError) {
          return try await connection.kept(id, query)
        } catch {
          switch Self.missing(error) {
          case "no such device": hasAnswered = true
          case "no such register": throw .unknownRegister
          default: closed = error
          }
        }
      }
      guard hasAnswered, site.isProxied, attempt < Self.tries else { break }
      try? await Task.sleep(for: .milliseconds(150))
    }
    if let closed { throw .closed(closed) }
    throw .unknownDevice
  }

  /// The operator's own words for what it does not have; an API server that does not have the Service says others.
  private static func missing(_ error: ClientError) -> String? {
    guard case .refused(let refusal) = error, refusal.code == 404,
      let json = try? JSONValue(parsing: Array(refusal.message.utf8))
    else { return nil }
    return json["error"]?.stringValue
  }

  private func connections() async throws(Failure) -> [FeedConnection] {
    switch site.operators {
    case .direct(let server): return [FeedConnection(server, options: options)]
    case .discovered(let namespace):
      guard let access = site.access else { throw .nowhere(namespace: namespace) }
      let reader = ClusterReader(access.configuration, options: options)
      let names = try await services(reader, namespace)
      guard !names.isEmpty else { throw .nowhere(namespace: namespace) }
      return names.map { reader.feed(namespace: namespace, service: $0) }
    }
  }

  private func services(_ reader: ClusterReader, _ namespace: String) async throws(Failure) -> [String] {
    do throws(ClientError) {
      return try await reader.list(
        .services, DynamicObject.self, namespace: namespace,
        selection: Selection(labels: OperatorService.labelSelector)
      ).compactMap(\.metadata.name)
    } catch {
      guard case .forbidden? = error.reason else { throw .closed(error) }
      return [OperatorService.name]
    }
  }
}
