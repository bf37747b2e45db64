/// A resource of the API: what a URL path and an RBAC rule name.
public struct ResourceType: Hashable, Sendable, CustomStringConvertible {
  public enum Scope: Hashable, Sendable { case namespaced, cluster }

  /// Empty for the core group.
  public var group: String
  public var version: String
  /// As in URLs and RBAC rules: `industrialplcs`.
  public var plural: String
  public var kind: String
  public var scope: Scope

  public init(group: String, version: String, plural: String, kind: String, scope: Scope = .namespaced) {
    self.group = group
    self.version = version
    self.plural = plural
    self.kind = kind
    self.scope = scope
  }

  /// `v1`, or `group/version`.
  public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

  /// `industrialplcs.fabgitops.io`, as the server's own messages name it.
  public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

  public static let events = ResourceType(group: "", version: "v1", plural: "events", kind: "Event")
  public static let leases = ResourceType(
    group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
  public static let namespaces = ResourceType(
    group: "", version: "v1", plural: "namespaces", kind: "Namespace", scope: .cluster)
  public static let services = ResourceType(group: "", version: "v1", plural: "services", kind: "Service")
  public static let configMaps = ResourceType(
    group: "", version: "v1", plural: "configmaps", kind: "ConfigMap")
  public static let secrets = ResourceType(group: "", version: "v1", plural: "secrets", kind: "Secret")
  public static let customResourceDefinitions = ResourceType(
    group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions",
    kind: "CustomResourceDefinition", scope: .cluster)
  static let selfSubjectAccessReviews = ResourceType(
    group: "authorization.k8s.io", version: "v1", plural: "selfsubjectaccessreviews",
    kind: "SelfSubjectAccessReview", scope: .cluster)
}
