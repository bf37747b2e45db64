/// An API object with a Swift type: `Codable`, with its metadata at hand.
public protocol KubernetesObject: Sendable, Codable {
  var metadata: ObjectMeta { get }

  /// Decodes an object from its JSON. The default goes through `Decodable`.
  init(json: JSONValue) throws
}

extension KubernetesObject {
  public init(json: JSONValue) throws { self = try json.decode(as: Self.self) }
  public var key: ObjectKey { metadata.key }
}

/// An object of any resource, untyped.
public struct DynamicObject: KubernetesObject, Hashable {
  public var metadata: ObjectMeta
  /// The whole object, its metadata included, as the server sent it.
  public var json: JSONValue

  public init(json: JSONValue) throws {
    self.metadata = try ObjectMeta(json: json["metadata"] ?? [:])
    self.json = json
  }

  public init(from decoder: any Decoder) throws { try self.init(json: JSONValue(from: decoder)) }
  public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }
}

/// A list page (`items`, `metadata.continue`).
public struct ListPage<Object: KubernetesObject>: Sendable {
  public var items: [Object]
  /// Items that did not fit `Object`; one bad object must not hide the others.
  public var undecodable: [UndecodableObject]
  public var resourceVersion: String
  /// Present when there are more pages.
  public var continueToken: String?
  public var remainingItemCount: Int64?

  public init(
    items: [Object], undecodable: [UndecodableObject] = [], resourceVersion: String,
    continueToken: String? = nil, remainingItemCount: Int64? = nil
  ) {
    self.items = items
    self.undecodable = undecodable
    self.resourceVersion = resourceVersion
    self.continueToken = continueToken
    self.remainingItemCount = remainingItemCount
  }

  init(json: JSONValue) throws {
    guard let members = json["items"] else {
      throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "not a list: no items"))
    }
    // Go writes a nil slice as null.
    let elements = members.isNull ? [] : members.arrayValue
    guard let elements else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "not a list: items is no array"))
    }
    items = []
    items.reserveCapacity(elements.count)
    undecodable = []
    for element in elements {
      switch Lenient<Object>(json: element) {
      case .object(let object): items.append(object)
      case .undecodable(let failure): undecodable.append(failure)
      }
    }
    let metadata = json["metadata"]
    resourceVersion = metadata?["resourceVersion"]?.stringValue ?? ""
    let token = metadata?["continue"]?.stringValue ?? ""
    continueToken = token.isEmpty ? nil : token
    remainingItemCount = metadata?["remainingItemCount"]?.integerValue
  }
}

/// An object that exists but does not fit its Swift type.
public struct UndecodableObject: Hashable, Sendable, Error, CustomStringConvertible {
  public var key: ObjectKey
  public var uid: String?
  public var resourceVersion: String?
  /// One line: which field, and what is wrong with it.
  public var reason: String
  /// The object as it came, for a caller who can make more of it.
  public var json: JSONValue
  /// True when a watch reported it as deleted.
  public var isDeletion = false

  public var description: String { "\(key): \(reason)" }
}

enum Lenient<Object: KubernetesObject> {
  case object(Object)
  case undecodable(UndecodableObject)

  init(json: JSONValue) {
    do {
      self = .object(try Object(json: json))
    } catch {
      let metadata = json["metadata"]
      let key = ObjectKey(
        namespace: metadata?["namespace"]?.stringValue ?? "", name: metadata?["name"]?.stringValue ?? "")
      self = .undecodable(
        UndecodableObject(
          key: key, uid: metadata?["uid"]?.stringValue,
          resourceVersion: metadata?["resourceVersion"]?.stringValue,
          reason: describe(error), json: json))
    }
  }
}
