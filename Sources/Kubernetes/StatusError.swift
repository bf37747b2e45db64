/// The server answered, and the answer was no.
public struct StatusError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Why, in a form to switch over.
  public enum Reason: Hashable, Sendable {
    /// 401: the credentials were missing, wrong or have run out.
    case unauthorized
    /// 403: RBAC (or admission) refuses; `verb` and `target` name the missing permission.
    case forbidden(verb: String, target: String)
    case notFound
    case alreadyExists
    /// 409: the object changed since it was read, or another manager owns a field.
    case conflict
    /// 410: the resource version or continue token is too old; list again.
    case gone
    /// 422 and 400: the object is not acceptable; one cause a field.
    case invalid([APIStatus.Cause])
    /// 429.
    case tooManyRequests
    /// 413: what was sent is too large.
    case tooLarge
    /// 504, or the server's own `Timeout` reason.
    case timeout
    /// 5xx: the server, or something in front of it, is unwell.
    case unavailable
    /// Anything else.
    case other
  }

  public var reason: Reason
  /// HTTP status code.
  public var code: Int
  /// The server's message, or what could be read of an answer that was no `Status` object. One line, at most
  /// 500 characters.
  public var message: String
  /// What was asked.
  public var verb: String
  public var target: String
  public var retryAfter: Duration?

  public init(
    reason: Reason, code: Int, message: String, verb: String, target: String, retryAfter: Duration? = nil
  ) {
    self.reason = reason
    self.code = code
    self.message = message
    self.verb = verb
    self.target = target
    self.retryAfter = retryAfter
  }

  /// From a `Status` object, in a response body or in a watch's ERROR event.
  public init(status: APIStatus, code: Int, verb: String, target: String, retryAfter: Duration? = nil) {
    let code = status.code ?? code
    let own = status.details?.retryAfterSeconds.map { Duration.seconds(max($0, 0)) }
    self.init(
      reason: Self.reason(status: status, code: code, verb: verb, target: target), code: code,
      message: oneLine(status.message ?? status.reason ?? "no message"), verb: verb, target: target,
      retryAfter: retryAfter ?? own.flatMap { $0 == .zero ? nil : $0 })
  }

  private static func reason(status: APIStatus, code: Int, verb: String, target: String) -> Reason {
    switch (code, status.reason) {
    case (_, "AlreadyExists"): return .alreadyExists
    case (_, "Expired"), (_, "Gone"), (410, _): return .gone
    case (_, "Invalid"), (422, _), (400, _): return .invalid(status.details?.causes ?? [])
    case (401, _): return .unauthorized
    case (403, _): return .forbidden(verb: verb, target: target)
    case (404, _): return .notFound
    case (409, _): return .conflict
    case (413, _): return .tooLarge
    case (429, _): return .tooManyRequests
    case (504, _), (_, "Timeout"): return .timeout
    case (500...599, _): return .unavailable
    default: return .other
    }
  }

  /// One line: what was asked, why it was refused, what would help.
  public var description: String {
    let asked = "\(verb) \(target)"
    switch reason {
    case .unauthorized: return "\(asked): not logged in (401): \(message)"
    case .forbidden: return "\(asked): forbidden: needs permission to \(asked): \(message)"
    case .notFound: return "\(asked): not found: \(message)"
    case .alreadyExists: return "\(asked): already exists"
    case .conflict: return "\(asked): conflict: \(message)"
    case .gone: return "\(asked): the resource version is too old: \(message)"
    case .invalid(let causes):
      let fields = causes.compactMap { cause in
        cause.field.map { "\($0): \(oneLine(cause.message ?? cause.reason ?? "invalid"))" }
      }
      return "\(asked): invalid: \(fields.isEmpty ? message : fields.joined(separator: "; "))"
    case .tooManyRequests: return "\(asked): the API server asks to slow down (429): \(message)"
    case .tooLarge: return "\(asked): request too large: \(message)"
    case .timeout: return "\(asked): the API server timed out: \(message)"
    case .unavailable: return "\(asked): the API server is unavailable (\(code)): \(message)"
    case .other: return "\(asked): HTTP \(code): \(message)"
    }
  }
}

/// Control characters become spaces, so that a server cannot draw on a terminal; at most 500 characters.
func oneLine(_ text: String) -> String {
  let visible = text.unicodeScalars.prefix(2000).map { scalar -> Character in
    scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
      || scalar.properties.isWhitespace ? " " : Character(scalar)
  }
  let words = String(visible).split(separator: " ").joined(separator: " ")
  return words.count > 500 ? words.prefix(499) + "…" : words
}
