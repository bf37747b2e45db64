/// The server's own account of a failure (`metav1.Status`).
public struct APIStatus: Hashable, Sendable, Codable {
  public struct Cause: Hashable, Sendable, Codable {
    /// A machine-readable reason: `FieldValueInvalid`.
    public var reason: String?
    public var message: String?
    /// A path into the object: `spec.port`.
    public var field: String?
  }

  public struct Details: Hashable, Sendable, Codable {
    public var name: String?
    public var group: String?
    public var kind: String?
    public var causes: [Cause]?
    public var retryAfterSeconds: Int?
  }

  public var status: String?
  public var message: String?
  public var reason: String?
  public var details: Details?
  public var code: Int?

  public init(
    status: String? = "Failure", message: String? = nil, reason: String? = nil, details: Details? = nil,
    code: Int? = nil
  ) {
    self.status = status
    self.message = message
    self.reason = reason
    self.details = details
    self.code = code
  }
}
