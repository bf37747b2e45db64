import Control
import Fleet
import Kubernetes

/// Asks operators for a sync, through an annotation. The one thing an attached screen can change, and only with
/// `--allow-sync`; it exists only then.
struct SyncRequester: Sendable {
  private let client: KubernetesClient

  init(_ configuration: ClusterConfiguration, options: AttachOptions) {
    client = KubernetesClient(configuration, options: options.client)
  }

  /// - Parameter id: without a site's prefix.
  func ask(_ id: DeviceID, _ request: SyncAnnotation) async throws(ClientError) {
    let _: DynamicObject = try await client.patch(
      .industrialPLCs, namespace: id.namespace, name: id.name, .merge, request.patch)
  }

  /// Names a request: a time with microseconds, so that two requests differ.
  static func token() -> String { Timestamp.now().rfc3339Micro }
}
