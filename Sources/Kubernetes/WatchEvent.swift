/// One event of a watch.
public enum WatchEvent<Object: KubernetesObject>: Sendable {
  case added(Object)
  case modified(Object)
  /// The object as it last was.
  case deleted(Object)
  /// Nothing changed up to this resource version.
  case bookmark(resourceVersion: String)
  /// The server ends the watch with a reason; `.gone` asks for a new list.
  case error(StatusError)
  /// An added or modified object that does not fit `Object`.
  case undecodable(UndecodableObject)
}

/// A line of a watch stream that is no watch event.
public struct WatchLineError: Error, Hashable, Sendable, CustomStringConvertible {
  public var message: String
  public var description: String { message }
}

extension WatchEvent {
  /// Decodes one line of a watch stream.
  ///
  /// Returns nil for an event type this version does not know, which later servers may add.
  /// - Parameter target: for the message of an ERROR event.
  public init?(line: [UInt8], target: String, limits: JSONValue.Limits = .init()) throws(WatchLineError) {
    let json: JSONValue
    do {
      json = try JSONValue(parsing: line, limits: limits)
    } catch {
      throw WatchLineError(message: "watch event: \(error)")
    }
    guard let type = json["type"]?.stringValue, let object = json["object"] else {
      throw WatchLineError(message: "watch event without type or object")
    }
    switch type {
    case "ADDED", "MODIFIED", "DELETED":
      self = Self.change(type, object)
    case "BOOKMARK":
      guard let version = object["metadata"]?["resourceVersion"]?.stringValue else {
        throw WatchLineError(message: "bookmark without resourceVersion")
      }
      self = .bookmark(resourceVersion: version)
    case "ERROR":
      let status =
        (try? object.decode(as: APIStatus.self)) ?? APIStatus(message: object["message"]?.stringValue)
      self = .error(StatusError(status: status, code: 500, verb: "watch", target: target))
    default:
      return nil
    }
  }

  private static func change(_ type: String, _ json: JSONValue) -> WatchEvent {
    switch Lenient<Object>(json: json) {
    case .object(let object):
      if type == "DELETED" { return .deleted(object) }
      return type == "ADDED" ? .added(object) : .modified(object)
    case .undecodable(var failure):
      failure.isDeletion = type == "DELETED"
      return .undecodable(failure)
    }
  }
}

/// Turns the bytes of a watch response into events, however the bytes arrive.
public struct WatchDecoder<Object: KubernetesObject>: Sendable {
  private var splitter: LineSplitter
  private let target: String
  private let limits: JSONValue.Limits

  /// - Parameter maxLineBytes: longest event accepted; etcd holds objects of up to 1.5 MB by default, and
  ///   JSON's escapes may multiply that.
  public init(target: String, maxLineBytes: Int = 8 << 20, limits: JSONValue.Limits = .init()) {
    splitter = LineSplitter(limit: maxLineBytes)
    self.target = target
    self.limits = limits
  }

  /// True when the stream so far ends inside an event.
  public var hasPartialEvent: Bool { splitter.hasPartialLine }

  /// The events that these bytes complete. Throws `LineTooLong` or `WatchLineError`; the watch must be opened
  /// again then.
  public mutating func feed(_ bytes: some Collection<UInt8>) throws -> [WatchEvent<Object>] {
    var events: [WatchEvent<Object>] = []
    try splitter.feed(bytes) { line in
      if let event = try WatchEvent<Object>(line: line, target: target, limits: limits) {
        events.append(event)
      }
    }
    return events
  }
}
