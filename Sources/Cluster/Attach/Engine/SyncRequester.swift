import Control
import Fleet
import Kubernetes

/// Asks operators for a sync, through an annotation. The one thing an attached screen can change, and only with
/// `--allow-sync`; it exists only then.
struct SyncRequester: Sendable {
  private let access: Site.Access
  private let options: KubernetesClient.Options

  init(_ access: Site.Access, options: AttachOptions) {
    self.access = access
    self.options = options.client
  }

  /// - Parameter id: without a site's prefix.
  func ask(_ id: DeviceID, _ request: SyncAnnotation) async throws(ClientError) {
    do throws(ClientError) {
      try await ask(id, request, as: access.configuration)
    } catch {
      // The login may have been renewed since this screen was opened.
      guard error.reason == .unauthorized, let renewed = access.renewed(), renewed != access.configuration
      else { throw error }
      try await ask(id, request, as: renewed)
    }
  }

  private func ask(
    _ id: DeviceID, _ request: SyncAnnotation, as configuration: ClusterConfiguration
  ) async throws(ClientError) {
    let client = KubernetesClient(configuration, options: options)
    let _: DynamicObject = try await client.patch(
      .industrialPLCs, namespace: id.namespace, name: id.name, .merge, request.patch)
  }

  /// Names a request: a time with microseconds, so that two requests differ.
  static func token() -> String { Timestamp.now().rfc3339Micro }
}
