import Control
import Kubernetes

/// Says an operator's word to the operator of a cluster, through annotations, `spec.suspend` and the hold's ConfigMap
/// (docs/reference/annotations.md). For one-shot commands; the attached screen has none.
public struct OverrideWriter: Sendable {
  private let client: KubernetesClient

  public init(_ configuration: ClusterConfiguration, userAgent: String, environment: [String: String]) {
    let options = AttachOptions(userAgent: userAgent, environment: environment)
    client = KubernetesClient(configuration, options: options.client)
  }

  /// Sets `spec.suspend`, and who did.
  public func suspend(_ id: DeviceID, by: String) async throws(ClientError) {
    try await patch(id, Self.suspension(true, by: .string(by)))
  }

  public func resume(_ id: DeviceID) async throws(ClientError) {
    try await patch(id, Self.suspension(false, by: .null))
  }

  private static func suspension(_ flag: Bool, by: JSONValue) -> JSONValue {
    [
      "metadata": ["annotations": [PLCAnnotation.suspendedBy: by]],
      "spec": ["suspend": .bool(flag)],
    ]
  }

  /// Adds a shelf; one for the same register is replaced.
  public func shelve(_ id: DeviceID, _ shelf: Shelf) async throws(ClientError) {
    try await changeShelves(id, at: shelf.since) { shelves in
      shelves.removeAll { $0.register == shelf.register }
      shelves.append(shelf)
    }
  }

  /// Removes the shelf of a register, or with `nil` that of the whole device.
  public func unshelve(_ id: DeviceID, register: String?, at now: WallTime) async throws(ClientError) {
    try await changeShelves(id, at: now) { shelves in shelves.removeAll { $0.register == register } }
  }

  /// Reads, changes and writes, based on the version read: what somebody else says meanwhile is not lost.
  private func changeShelves(
    _ id: DeviceID, at now: WallTime, _ change: (inout [Shelf]) -> Void
  ) async throws(ClientError) {
    var tries = 0
    while true {
      let object: DynamicObject = try await client.get(
        .industrialPLCs, namespace: id.namespace, name: id.name)
      // A text that cannot be read is replaced: it shelves nothing.
      let text = object.metadata.annotations?[PLCAnnotation.shelves]
      var shelves = text.flatMap { try? ShelfAnnotation.shelves($0) } ?? []
      shelves.removeAll { $0.until <= now }
      change(&shelves)
      let value = ShelfAnnotation.text(shelves).map { JSONValue.string($0) } ?? .null
      var metadata: JSONValue = ["annotations": [PLCAnnotation.shelves: value]]
      metadata["resourceVersion"] = object.metadata.resourceVersion.map { .string($0) }
      do throws(ClientError) {
        return try await patch(id, ["metadata": metadata])
      } catch {
        tries += 1
        guard error.isConflict, tries < 5 else { throw error }
      }
    }
  }

  private func patch(_ id: DeviceID, _ patch: JSONValue) async throws(ClientError) {
    let _: DynamicObject = try await client.patch(
      .industrialPLCs, namespace: id.namespace, name: id.name, .merge, patch)
  }

  // MARK: The hold

  /// Holds all writes of the operator in a namespace.
  public func hold(_ hold: Hold, namespace: String) async throws(ClientError) {
    let data: JSONValue = [
      HoldConfigMap.by: .string(hold.by), HoldConfigMap.reason: .string(hold.reason),
      HoldConfigMap.since: .string(hold.since.rfc3339),
    ]
    let body: JSONValue = [
      "apiVersion": "v1", "kind": "ConfigMap",
      "metadata": ["name": .string(HoldConfigMap.name), "namespace": .string(namespace)], "data": data,
    ]
    let object: DynamicObject
    do {
      object = try DynamicObject(json: body)
    } catch {
      throw .undecodable("\(error)")
    }
    do throws(ClientError) {
      let _: DynamicObject = try await client.create(.configMaps, object, namespace: namespace)
    } catch {
      // It is held already: say who holds it now.
      guard error.reason == .alreadyExists else { throw error }
      let _: DynamicObject = try await client.patch(
        .configMaps, namespace: namespace, name: HoldConfigMap.name, .merge, ["data": data])
    }
  }

  /// - Returns: whether a hold stood.
  public func release(namespace: String) async throws(ClientError) -> Bool {
    do throws(ClientError) {
      try await client.delete(.configMaps, namespace: namespace, name: HoldConfigMap.name)
      return true
    } catch {
      guard error.isNotFound else { throw error }
      return false
    }
  }
}
