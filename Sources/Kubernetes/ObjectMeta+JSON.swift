extension ObjectMeta {
  /// From a `metadata` member. Every object of every list and watch passes through here, so it does without
  /// `Decodable`.
  init(json: JSONValue) throws {
    self.init()
    guard let members = json.objectValue else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [Field("metadata")], debugDescription: "is not a mapping"))
    }
    func text(_ name: String) throws -> String? { try field(members, name, "a text") { $0.stringValue } }
    func time(_ name: String) throws -> Timestamp? {
      try field(members, name, "a time") { $0.stringValue.flatMap { Timestamp(rfc3339: $0) } }
    }
    func texts(_ name: String) throws -> [String: String]? {
      try field(members, name, "a mapping of texts") { value in
        value.objectValue.flatMap { all in
          let texts = all.compactMapValues(\.stringValue)
          return texts.count == all.count ? texts : nil
        }
      }
    }
    name = try text("name")
    generateName = try text("generateName")
    namespace = try text("namespace")
    uid = try text("uid")
    resourceVersion = try text("resourceVersion")
    generation = try field(members, "generation", "a whole number") { $0.integerValue }
    labels = try texts("labels")
    annotations = try texts("annotations")
    creationTimestamp = try time("creationTimestamp")
    deletionTimestamp = try time("deletionTimestamp")
    finalizers = try field(members, "finalizers", "a list of texts") {
      $0.arrayValue?.compactMap(\.stringValue)
    }
    if let owners = members["ownerReferences"], !owners.isNull {
      ownerReferences = try owners.decode(as: [OwnerReference].self)
    }
  }

  /// Nil when absent or null; an error when present and not what it should be.
  private func field<Value>(
    _ members: [String: JSONValue], _ name: String, _ what: String, _ read: (JSONValue) -> Value?
  ) throws -> Value? {
    guard let member = members[name], !member.isNull else { return nil }
    guard let value = read(member) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [Field("metadata"), Field(name)], debugDescription: "is not \(what)"))
    }
    return value
  }
}

private struct Field: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(_ name: String) { stringValue = name }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) { nil }
}
