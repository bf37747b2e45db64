import Testing

@testable import Kubernetes

@Suite struct StatusErrorTests {
  func error(_ code: Int, _ reason: String?, _ message: String = "m", causes: [APIStatus.Cause]? = nil)
    -> StatusError
  {
    let status = APIStatus(
      message: message, reason: reason, details: causes.map { .init(causes: $0) }, code: code)
    return StatusError(status: status, code: code, verb: "patch", target: "plcs/status in namespace \"a\"")
  }

  @Test func mapsReasons() {
    #expect(error(404, "NotFound").reason == .notFound)
    #expect(error(409, "Conflict").reason == .conflict)
    #expect(error(409, "AlreadyExists").reason == .alreadyExists)
    #expect(error(410, "Expired").reason == .gone)
    #expect(error(410, "Gone").reason == .gone)
    #expect(error(401, "Unauthorized").reason == .unauthorized)
    #expect(error(429, "TooManyRequests").reason == .tooManyRequests)
    #expect(error(413, nil).reason == .tooLarge)
    #expect(error(504, "Timeout").reason == .timeout)
    #expect(error(500, "InternalError").reason == .unavailable)
    #expect(error(418, nil).reason == .other)
  }

  @Test func namesTheMissingPermission() {
    let error = error(403, "Forbidden", "plcs is forbidden")
    #expect(error.reason == .forbidden(verb: "patch", target: "plcs/status in namespace \"a\""))
    #expect(
      error.description
        == "patch plcs/status in namespace \"a\": forbidden: needs permission to patch plcs/status in namespace"
        + " \"a\": plcs is forbidden")
  }

  @Test func namesTheFieldsOfAnInvalidObject() {
    let causes = [
      APIStatus.Cause(reason: "FieldValueInvalid", message: "must be\nat most 65535", field: "spec.port"),
      APIStatus.Cause(reason: "FieldValueRequired", message: nil, field: "spec.deviceAddress"),
    ]
    let error = error(422, "Invalid", causes: causes)
    #expect(error.reason == .invalid(causes))
    #expect(
      error.description.hasSuffix(
        ": invalid: spec.port: must be at most 65535; spec.deviceAddress: FieldValueRequired"))
  }

  @Test func messagesAreOneShortLineWithoutControls() {
    let long = "\u{1B}[2Jbad\r\n\tthing\u{202E} " + String(repeating: "x", count: 5000)
    let message = error(500, nil, long).message
    #expect(message.hasPrefix("[2Jbad thing xxx"))
    #expect(message.count == 500)
  }
}
