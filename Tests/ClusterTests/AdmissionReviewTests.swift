import Kubernetes
import Testing

@testable import Cluster

@Suite struct AdmissionReviewTests {
  func review(_ object: JSONValue?, old: JSONValue? = nil) -> JSONValue {
    var request: JSONValue = ["uid": "u-1", "namespace": "default", "name": "oven", "operation": "CREATE"]
    request["object"] = object ?? .null
    request["oldObject"] = old ?? .null
    return ["apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request]
  }

  @Test func aGoodObjectIsAllowed() throws {
    let verdict = try AdmissionReview.judge(review(try Resources.plc("oven").json))
    #expect(verdict.isAllowed && verdict.uid == "u-1" && verdict.subject == "default/oven")
    #expect(verdict.answer["response"] == ["uid": "u-1", "allowed": true])
    #expect(verdict.answer["kind"] == "AdmissionReview")
  }

  @Test func everyFieldAtFaultIsNamed() throws {
    let spec: JSONValue = [
      "deviceAddress": "10.0.0.1",
      "registers": [
        ["name": "a", "address": 1, "value": 120, "max": 95],
        ["name": "b", "address": 2, "table": "input", "value": 1],
      ],
    ]
    let verdict = try AdmissionReview.judge(review(try Resources.plc("oven", spec: spec).json))
    let message = verdict.answer["response"]?["status"]?["message"]?.stringValue ?? ""
    #expect(message.contains("spec.registers[0].value: 120 is above max 95"))
    #expect(message.contains("spec.registers[1].value"))
    #expect(verdict.answer["response"]?["status"]?["code"] == 422)
  }

  /// What was stored before this version knew better must not keep anybody from labelling or shelving it.
  @Test func anUnchangedSpecificationIsNotJudged() throws {
    let bad: JSONValue = [
      "deviceAddress": "10.0.0.1", "registers": [["address": 1, "value": 120, "max": 95]],
    ]
    let old = try Resources.plc("oven", spec: bad).json
    let new = try Resources.plc("oven", spec: bad, annotations: ["a": "b"]).json
    #expect(try AdmissionReview.judge(review(new, old: old)).isAllowed)
    #expect(try !AdmissionReview.judge(review(new, old: try Resources.plc("oven").json)).isAllowed)
    #expect(try AdmissionReview.judge(review(nil, old: old)).isAllowed, "a deletion")
  }

  @Test func aGeneratedNameIsNoMistake() throws {
    var object = try Resources.plc("x").json
    object["metadata"] = ["generateName": "oven-", "namespace": "default"]
    #expect(try AdmissionReview.judge(review(object)).isAllowed)
  }

  static let notReviews: [JSONValue] = [
    [:], ["kind": "AdmissionReview"], ["kind": "Pod", "request": ["uid": "1"]], .null, [1, 2],
  ]

  @Test(arguments: notReviews) func whatIsNoReviewIsRefused(body: JSONValue) {
    #expect(throws: AdmissionReview.Problem.self) { try AdmissionReview.judge(body) }
  }
}
