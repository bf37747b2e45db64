import Control
import Kubernetes
import Testing

@testable import Cluster

@Suite struct PLCReadingTests {
  private let now = WallTime(milliseconds: 1_800_000_000_000)

  private func reading(
    spec: JSONValue = ["deviceAddress": "192.0.2.1", "targetRegister": 4001, "targetValue": 2500],
    annotations: JSONValue = [:], status: JSONValue? = nil, generation: Int64 = 1
  ) throws -> PLCReading {
    var json: JSONValue = [
      "apiVersion": "fabgitops.io/v1", "kind": "IndustrialPLC",
      "metadata": [
        "name": "x", "namespace": "a", "generation": .integer(generation), "annotations": annotations,
      ], "spec": spec,
    ]
    json["status"] = status
    return PLCReading(try DynamicObject(json: json), at: now)
  }

  private func condition(_ type: String, _ status: String, _ reason: String, _ message: String = "m")
    -> JSONValue
  {
    [
      "type": .string(type), "status": .string(status), "reason": .string(reason),
      "message": .string(message), "lastTransitionTime": .string(now.rfc3339),
    ]
  }

  @Test func withoutAStatusItSaysThatNobodyLooks() throws {
    let view = try reading().device.view
    #expect(view.status == .pending && view.message.contains("does an operator look after namespace a?"))
    #expect(view.registers[0].actual == nil && view.registers[0].budgetLeft < 0)
  }

  @Test func whatTheOperatorWroteIsRead() throws {
    let told = try reading(status: [
      "phase": "DriftDetected", "driftEvents": 3, "correctionsApplied": 2, "lastUpdate": .string(now.rfc3339),
      "message": "drifted", "observedGeneration": 1, "lastHandledSyncRequest": "t",
      "registers": [
        [
          "name": "holding-4001", "desired": 2500, "actual": 2400, "raw": [2400], "inSync": false,
          "lastReadTime": .string(now.rfc3339), "lastDriftTime": .string(now.rfc3339), "driftEvents": 3,
        ]
      ],
      "conditions": [
        condition("Ready", "True", "Polling"),
        condition("Contested", "True", "WrittenByOthers", "something else keeps writing: holding-4001, b"),
      ],
      "source": ["revision": "main@sha1:01", "author": "Anna", "time": .string(now.rfc3339)],
    ])
    let view = told.device.view
    #expect(view.status == .contested && view.phase == .driftDetected && view.driftEvents == 3)
    #expect(view.registers[0].actual == .integer(2400) && view.registers[0].rawWords == [2400])
    #expect(view.registers[0].driftSeen == now && view.registers[0].contested)
    #expect(view.registers[0].refusals.map(\.gate) == [11])
    #expect(told.handledSync == "t" && told.source?.author == "Anna")
  }

  @Test func silencesStandBeforeTheDriftTheyCover() throws {
    let drifted: JSONValue = [
      "phase": "DriftDetected", "lastUpdate": .string(now.rfc3339),
      "registers": [["name": "holding-4001", "desired": 2500, "actual": 2400, "inSync": false]],
    ]
    let until = (now + .seconds(60)).rfc3339
    let shelf = #"[{"by":"anna","reason":"pump","until":"\#(until)"}]"#
    let shelved = try reading(annotations: [PLCAnnotation.shelves: .string(shelf)], status: drifted)
    #expect(shelved.device.view.status == .shelved && shelved.device.view.shelf?.by == "anna")
    let past = #"[{"by":"anna","reason":"pump","until":"\#((now + .seconds(-1)).rfc3339)"}]"#
    let over = try reading(annotations: [PLCAnnotation.shelves: .string(past)], status: drifted)
    #expect(over.device.view.status == .drifted)
    let suspended = try reading(
      spec: ["deviceAddress": "h", "targetRegister": 4001, "targetValue": 2500, "suspend": true],
      annotations: [PLCAnnotation.suspendedBy: "ben"], status: drifted)
    #expect(suspended.device.view.status == .suspended && suspended.device.view.suspendedBy == "ben")
    #expect(suspended.device.view.registers[0].refusals == [.suspended(by: "ben")])
  }

  @Test func aNewDesiredValueIsComparedHereUntilTheOperatorHas() throws {
    let told = try reading(
      spec: ["deviceAddress": "h", "targetRegister": 4001, "targetValue": 2600],
      status: [
        "phase": "Connected", "lastUpdate": .string(now.rfc3339), "observedGeneration": 1,
        "message": "in sync",
        "registers": [["name": "holding-4001", "desired": 2500, "actual": 2500, "inSync": true]],
      ], generation: 2)
    #expect(told.device.view.registers[0].inSync == false)
    #expect(told.device.view.message.contains("not taken up yet"))
  }

  @Test func whatDoesNotValidateIsShownAsInvalid() throws {
    let told = try reading(spec: ["deviceAddress": "h", "targetRegister": 4001, "targetValue": 70_000])
    #expect(told.device.view.status == .invalid && told.device.view.message.contains("targetValue"))
  }

  @Test func numbersBeyondTheParserAreReadFromTheWords() throws {
    let told = try reading(
      spec: [
        "deviceAddress": "h",
        "registers": [["name": "total", "address": 1, "type": "uint64", "value": 5]],
      ],
      status: [
        "phase": "Connected", "lastUpdate": .string(now.rfc3339),
        "registers": [
          [
            "name": "total", "desired": 5, "actual": .number(1.8446744073709552e19),
            "raw": [65535, 65535, 65535, 65534], "inSync": false,
          ]
        ],
      ])
    #expect(told.device.view.registers[0].actual == .unsigned(18_446_744_073_709_551_614))
  }
}
