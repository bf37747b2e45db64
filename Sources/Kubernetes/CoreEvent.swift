/// `core/v1` Event: what `kubectl get events` shows.
public struct CoreEvent: KubernetesObject, Hashable {
  public enum Kind: String, Hashable, Sendable, Codable {
    case normal = "Normal"
    case warning = "Warning"
  }

  public struct Source: Hashable, Sendable, Codable {
    public var component: String?
    public var host: String?

    public init(component: String?, host: String? = nil) {
      self.component = component
      self.host = host
    }
  }

  public var metadata: ObjectMeta
  public var involvedObject: ObjectReference
  /// `DriftDetected`
  public var reason: String?
  public var message: String?
  /// `Normal` or `Warning`; a text, because what others wrote must be readable.
  public var type: String?
  public var source: Source?
  public var firstTimestamp: Timestamp?
  public var lastTimestamp: Timestamp?
  public var count: Int?
  public var reportingComponent: String?
  public var reportingInstance: String?

  public init(metadata: ObjectMeta, involvedObject: ObjectReference) {
    self.metadata = metadata
    self.involvedObject = involvedObject
  }
}

/// Something worth telling about an object, before it has become an event.
public struct EventDraft: Hashable, Sendable {
  public var about: ObjectReference
  public var kind: CoreEvent.Kind
  /// UpperCamelCase, at most 128 characters.
  public var reason: String
  /// At most 1024 characters; longer ones are cut.
  public var message: String

  public init(about: ObjectReference, kind: CoreEvent.Kind, reason: String, message: String) {
    self.about = about
    self.kind = kind
    self.reason = reason
    self.message = message
  }
}
