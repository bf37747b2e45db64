/// A question to the API server: may I?
public struct AccessQuestion: Hashable, Sendable {
  public var verb: String
  public var type: ResourceType
  public var subresource: String?
  /// Nil for all namespaces.
  public var namespace: String?
  public var name: String?

  public init(
    _ verb: String, _ type: ResourceType, subresource: String? = nil, namespace: String? = nil,
    name: String? = nil
  ) {
    self.verb = verb
    self.type = type
    self.subresource = subresource
    self.namespace = namespace
    self.name = name
  }

  /// `patch industrialplcs.fabgitops.io/status in namespace "a"`
  public var words: String {
    var text = "\(verb) \(type)"
    if let subresource { text += "/\(subresource)" }
    if let name { text += " \"\(name)\"" }
    return text + (namespace.map { " in namespace \"\($0)\"" } ?? " in all namespaces")
  }
}

extension KubernetesClient {
  /// Asks whether these credentials may do something (`SelfSubjectAccessReview`). Everybody may ask.
  public func mayI(_ question: AccessQuestion) async throws(ClientError) -> Bool {
    var attributes: JSONValue = [
      "verb": .string(question.verb), "group": .string(question.type.group),
      "version": .string(question.type.version), "resource": .string(question.type.plural),
    ]
    attributes["subresource"] = question.subresource.map { .string($0) }
    attributes["namespace"] = question.namespace.map { .string($0) }
    attributes["name"] = question.name.map { .string($0) }
    let review = AccessReview(json: ["spec": ["resourceAttributes": attributes]])
    let answer = try await create(.selfSubjectAccessReviews, review)
    return answer.json["status"]?["allowed"]?.boolValue ?? false
  }
}

/// `SelfSubjectAccessReview`: an object that is asked, never stored, and so has no metadata to speak of.
private struct AccessReview: KubernetesObject {
  var json: JSONValue
  var metadata: ObjectMeta { ObjectMeta() }

  init(json: JSONValue) { self.json = json }
  init(from decoder: any Decoder) throws { json = try JSONValue(from: decoder) }
  func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}
