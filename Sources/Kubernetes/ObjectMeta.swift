/// What every object carries (`metav1.ObjectMeta`), without `managedFields`, which nothing here reads and
/// which a patch must not send back.
public struct ObjectMeta: Hashable, Sendable, Codable {
  public var name: String?
  public var generateName: String?
  public var namespace: String?
  public var uid: String?
  /// Opaque; compared for equality only, as the API requires.
  public var resourceVersion: String?
  public var generation: Int64?
  public var labels: [String: String]?
  public var annotations: [String: String]?
  public var creationTimestamp: Timestamp?
  public var deletionTimestamp: Timestamp?
  public var finalizers: [String]?
  public var ownerReferences: [OwnerReference]?

  public init(
    name: String? = nil, namespace: String? = nil, labels: [String: String]? = nil,
    annotations: [String: String]? = nil, resourceVersion: String? = nil
  ) {
    self.name = name
    self.namespace = namespace
    self.labels = labels
    self.annotations = annotations
    self.resourceVersion = resourceVersion
  }

  /// The key of the object that carries this; missing parts are empty.
  public var key: ObjectKey { ObjectKey(namespace: namespace ?? "", name: name ?? "") }
}

/// `metav1.OwnerReference`.
public struct OwnerReference: Hashable, Sendable, Codable {
  public var apiVersion: String
  public var kind: String
  public var name: String
  public var uid: String
  public var controller: Bool?
  public var blockOwnerDeletion: Bool?

  public init(apiVersion: String, kind: String, name: String, uid: String, controller: Bool? = nil) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name
    self.uid = uid
    self.controller = controller
  }
}

/// Names an object among those of its resource. `namespace` is empty for cluster-scoped ones.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
  public var namespace: String
  public var name: String

  public init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

  public static func < (a: Self, b: Self) -> Bool { (a.namespace, a.name) < (b.namespace, b.name) }
}

/// What an event or a field elsewhere points at (`core/v1 ObjectReference`).
public struct ObjectReference: Hashable, Sendable, Codable {
  public var apiVersion: String?
  public var kind: String?
  public var namespace: String?
  public var name: String?
  public var uid: String?
  public var resourceVersion: String?
  public var fieldPath: String?

  public init(
    apiVersion: String?, kind: String?, namespace: String?, name: String?, uid: String? = nil,
    resourceVersion: String? = nil, fieldPath: String? = nil
  ) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.fieldPath = fieldPath
  }
}
