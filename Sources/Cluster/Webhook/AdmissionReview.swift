import Kubernetes
import Manifest

/// `admission.k8s.io/v1` AdmissionReview: the API server asks whether an object may be stored. Pure.
public enum AdmissionReview {
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  public struct Verdict: Hashable, Sendable {
    public var uid: String
    /// Empty: allowed. One line each, beginning with the field.
    public var errors: [String]
    public var warnings: [String]
    /// Names the object, for the log.
    public var subject: String

    public var isAllowed: Bool { errors.isEmpty }

    /// The answer's body.
    public var answer: JSONValue {
      var response: JSONValue = ["uid": .string(uid), "allowed": .bool(isAllowed)]
      if !isAllowed {
        response["status"] = [
          "code": 422, "reason": "Invalid", "status": "Failure",
          "message": .string(errors.joined(separator: "; ")),
        ]
      }
      if !warnings.isEmpty {
        // Servers cut warnings beyond 256 characters by themselves, and drop all beyond 4096.
        response["warnings"] = .array(warnings.prefix(16).map { .string(String($0.prefix(256))) })
      }
      return ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response]
    }
  }

  /// Judges a request's body.
  public static func judge(_ body: JSONValue) throws(Problem) -> Verdict {
    guard body["kind"]?.stringValue == "AdmissionReview", let request = body["request"],
      let uid = request["uid"]?.stringValue
    else { throw Problem(description: "not an AdmissionReview with a request") }
    let place = [request["namespace"]?.stringValue, request["name"]?.stringValue].compactMap(\.self)
    var verdict = Verdict(uid: uid, errors: [], warnings: [], subject: place.joined(separator: "/"))
    guard var object = request["object"], !object.isNull else { return verdict }
    // What was stored before this version knew better must not keep anybody from labelling, shelving or deleting it.
    if let old = request["oldObject"], !old.isNull, old["spec"] == object["spec"] { return verdict }
    // A generated name comes after admission.
    if object["metadata"]?["name"] == nil, var metadata = object["metadata"] {
      metadata["name"] = .string("generated")
      object["metadata"] = metadata
    }
    let found = PLCValidation.read(object)
    verdict.errors = found.errors
    verdict.warnings = found.warnings
    return verdict
  }
}
