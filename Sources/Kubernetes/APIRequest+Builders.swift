/// What a list or watch selects.
public struct Selection: Hashable, Sendable {
  /// `zone=a,line!=3`, Kubernetes label selector syntax.
  public var labels: String?
  /// `metadata.name=line-1`, Kubernetes field selector syntax.
  public var fields: String?

  public init(labels: String? = nil, fields: String? = nil) {
    self.labels = labels
    self.fields = fields
  }
}

/// How a patch body is to be understood.
public enum PatchKind: Hashable, Sendable {
  /// RFC 7386: members replace, null deletes, arrays replace whole.
  case merge
  /// Server-side apply: the body is the full intent of `manager`; `force` takes fields from other managers.
  case apply(manager: String, force: Bool)

  var contentType: String {
    switch self {
    case .merge: return "application/merge-patch+json"
    case .apply: return "application/apply-patch+yaml"
    }
  }
}

/// Conditions under which a delete applies, and what becomes of dependents.
public struct DeleteOptions: Hashable, Sendable {
  public enum Propagation: String, Hashable, Sendable {
    case orphan = "Orphan", background = "Background", foreground = "Foreground"
  }

  public var uid: String?
  public var resourceVersion: String?
  public var propagation: Propagation?

  public init(uid: String? = nil, resourceVersion: String? = nil, propagation: Propagation? = nil) {
    self.uid = uid
    self.resourceVersion = resourceVersion
    self.propagation = propagation
  }
}

extension APIRequest {
  /// Reads one object. Throws `RequestError` for names that cannot be in a path.
  public static func get(
    _ type: ResourceType, namespace: String? = nil, name: String, subresource: String? = nil
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: name, subresource)
    return APIRequest(method: .get, path: place.path, verb: "get", target: place.target, isIdempotent: true)
  }

  /// Lists a page. `namespace` nil means all of them. Throws `RequestError` for impossible names.
  ///
  /// - Parameters:
  ///   - limit: objects a page, 1 or more; nil for all in one answer.
  ///   - continueToken: from the page before.
  ///   - resourceVersion: nil for the newest state there is.
  public static func list(
    _ type: ResourceType, namespace: String? = nil, selection: Selection = Selection(), limit: Int? = nil,
    continueToken: String? = nil, resourceVersion: String? = nil
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: nil, nil)
    var query = selection.query
    if let limit { query.append(QueryItem(name: "limit", value: String(limit))) }
    if let continueToken { query.append(QueryItem(name: "continue", value: continueToken)) }
    if let resourceVersion { query.append(QueryItem(name: "resourceVersion", value: resourceVersion)) }
    return APIRequest(
      method: .get, path: place.path, query: query, verb: "list", target: place.target, isIdempotent: true)
  }

  /// Watches for changes after `resourceVersion`, with bookmarks. Throws `RequestError` for impossible names.
  ///
  /// - Parameter timeoutSeconds: after how long the server ends the stream by itself.
  public static func watch(
    _ type: ResourceType, namespace: String? = nil, selection: Selection = Selection(),
    resourceVersion: String, timeoutSeconds: Int
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: nil, nil)
    var query = selection.query
    query.append(QueryItem(name: "watch", value: "true"))
    query.append(QueryItem(name: "allowWatchBookmarks", value: "true"))
    query.append(QueryItem(name: "resourceVersion", value: resourceVersion))
    query.append(QueryItem(name: "timeoutSeconds", value: String(timeoutSeconds)))
    return APIRequest(
      method: .get, path: place.path, query: query, verb: "watch", target: place.target, isIdempotent: true,
      isStream: true)
  }

  /// Creates an object from its JSON. Throws `RequestError` for impossible names.
  public static func create(
    _ type: ResourceType, namespace: String? = nil, body: [UInt8], name: String? = nil,
    subresource: String? = nil
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: subresource == nil ? nil : name, subresource)
    return APIRequest(
      method: .post, path: place.path, contentType: "application/json", body: body, verb: "create",
      target: place.target, isIdempotent: false)
  }

  /// Replaces an object. With a `resourceVersion` in the body the server refuses a stale one (`conflict`).
  public static func replace(
    _ type: ResourceType, namespace: String? = nil, name: String, subresource: String? = nil, body: [UInt8]
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: name, subresource)
    return APIRequest(
      method: .put, path: place.path, contentType: "application/json", body: body, verb: "update",
      target: place.target, isIdempotent: false)
  }

  /// Patches an object or one of its subresources.
  public static func patch(
    _ type: ResourceType, namespace: String? = nil, name: String, subresource: String? = nil,
    _ kind: PatchKind, body: [UInt8]
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: name, subresource)
    var query: [QueryItem] = []
    if case .apply(let manager, let force) = kind {
      query.append(QueryItem(name: "fieldManager", value: manager))
      if force { query.append(QueryItem(name: "force", value: "true")) }
    }
    return APIRequest(
      method: .patch, path: place.path, query: query, contentType: kind.contentType, body: body,
      verb: "patch",
      target: place.target, isIdempotent: true)
  }

  /// Deletes one object.
  public static func delete(
    _ type: ResourceType, namespace: String? = nil, name: String, options: DeleteOptions = DeleteOptions()
  ) throws(RequestError) -> APIRequest {
    let place = try Place(type, namespace, name: name, nil)
    var preconditions: JSONValue = [:]
    if let uid = options.uid { preconditions["uid"] = .string(uid) }
    if let version = options.resourceVersion { preconditions["resourceVersion"] = .string(version) }
    var body: JSONValue = ["kind": "DeleteOptions", "apiVersion": "v1"]
    if preconditions != [:] { body["preconditions"] = preconditions }
    if let propagation = options.propagation { body["propagationPolicy"] = .string(propagation.rawValue) }
    return APIRequest(
      method: .delete, path: place.path, contentType: "application/json", body: body.serialized(),
      verb: "delete", target: place.target, isIdempotent: false)
  }

  /// A `GET` through the API server's service proxy (`services/proxy`).
  ///
  /// - Parameters:
  ///   - port: the service port's name or number.
  ///   - path: percent-encoded, beginning with `/`; may carry a query.
  public static func serviceProxy(
    namespace: String, service: String, port: String, path: String, isStream: Bool = false
  ) throws(RequestError) -> APIRequest {
    guard path.hasPrefix("/") else { throw RequestError(message: "service path must begin with /: \(path)") }
    let place = try Place(.services, namespace, name: "\(service):\(port)", "proxy")
    return APIRequest(
      method: .get, path: place.path + path, verb: "get", target: place.target, isIdempotent: true,
      isStream: isStream)
  }
}

extension Selection {
  var query: [APIRequest.QueryItem] {
    var items: [APIRequest.QueryItem] = []
    if let labels, !labels.isEmpty { items.append(.init(name: "labelSelector", value: labels)) }
    if let fields, !fields.isEmpty { items.append(.init(name: "fieldSelector", value: fields)) }
    return items
  }
}

/// A path in the API and the words for it.
private struct Place {
  let path: String
  let target: String

  init(
    _ type: ResourceType, _ namespace: String?, name: String?, _ subresource: String?
  ) throws(RequestError) {
    var segments = type.group.isEmpty ? ["api"] : ["apis", type.group]
    segments.append(type.version)
    if let namespace {
      guard type.scope == .namespaced else {
        throw RequestError(message: "\(type) is not namespaced, but namespace \"\(namespace)\" was given")
      }
      segments += ["namespaces", namespace]
    }
    segments.append(type.plural)
    if let name { segments.append(name) }
    if let subresource { segments += subresource.split(separator: "/").map(String.init) }
    // The server rejects these names too, but only after the path has been walked with them.
    for segment in segments
    where segment.isEmpty || segment == "." || segment == ".." || segment.contains("/") {
      throw RequestError(message: "\"\(segment)\" cannot be a name in a request for \(type)")
    }
    path = "/" + segments.map(percentEncoded).joined(separator: "/")
    var words = type.description
    if let subresource { words += "/\(subresource)" }
    if let name { words += " \"\(name)\"" }
    if let namespace { words += " in namespace \"\(namespace)\"" }
    target = words
  }
}
