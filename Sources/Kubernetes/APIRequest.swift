/// One request to the API server as a value: nothing is sent until a client is given it.
///
/// The builders in `APIRequest+Builders.swift` make these; `verb` and `target` say, in RBAC's words, what the
/// request needs, so that a refusal can name the missing permission.
public struct APIRequest: Hashable, Sendable {
  public enum Method: String, Hashable, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case patch = "PATCH"
    case delete = "DELETE"
  }

  public struct QueryItem: Hashable, Sendable {
    public var name: String
    public var value: String
  }

  public var method: Method
  /// Percent-encoded, beginning with `/`, without the server's own prefix.
  public var path: String
  public var query: [QueryItem]
  public var contentType: String?
  public var accept: String
  public var body: [UInt8]?
  /// RBAC verb: get, list, watch, create, update, patch, delete.
  public var verb: String
  /// What `verb` applies to, for messages: `industrialplcs.fabgitops.io/status "line-1" in namespace "a"`.
  public var target: String
  /// True when sending the request twice leaves what sending it once does, so that a lost answer may be
  /// answered by sending it again.
  public var isIdempotent: Bool
  /// True when the answer is a stream without an end, which the per-request timeout must not cut.
  public var isStream: Bool

  init(
    method: Method, path: String, query: [QueryItem] = [], contentType: String? = nil, body: [UInt8]? = nil,
    verb: String, target: String, isIdempotent: Bool, isStream: Bool = false
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.contentType = contentType
    self.accept = "application/json"
    self.body = body
    self.verb = verb
    self.target = target
    self.isIdempotent = isIdempotent
    self.isStream = isStream
  }

  /// A `GET` of a path that is no resource: `/version`, `/readyz`. The path is taken as it is.
  public static func get(path: String) -> APIRequest {
    APIRequest(method: .get, path: path, verb: "get", target: path, isIdempotent: true)
  }

  /// Path and query, percent-encoded.
  public var pathAndQuery: String {
    guard !query.isEmpty else { return path }
    let items = query.map { "\(percentEncoded($0.name))=\(percentEncoded($0.value))" }
    return path + "?" + items.joined(separator: "&")
  }
}

/// Why a request cannot be built from the names given.
public struct RequestError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  public var description: String { message }
}

/// Everything but RFC 3986 unreserved characters escaped.
func percentEncoded(_ text: String) -> String {
  let digits = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "~"):
      bytes.append(byte)
    default:
      bytes.append(UInt8(ascii: "%"))
      bytes.append(digits[Int(byte >> 4)])
      bytes.append(digits[Int(byte & 0xF)])
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
