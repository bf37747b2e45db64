import Control
import Kubernetes
import Testing

@testable import Cluster

@Suite struct StatusDocumentTests {
  let now = WallTime(milliseconds: 1_800_000_000_000)

  func entry(_ object: DynamicObject) throws -> ResourceBook.Entry {
    var book = ResourceBook(shard: .whole)
    _ = book.upsert(object)
    return try #require(book[DeviceID(namespace: "default", name: object.metadata.name ?? "")])
  }

  func document(_ entry: ResourceBook.Entry, _ view: DeviceView?, previous: JSONValue = [:]) -> StatusDocument
  {
    StatusDocument(
      entry: entry, spec: entry.inForce?.device.spec, view: view, previous: previous, handledSync: nil,
      now: now)
  }

  func view(_ spec: DeviceSpec, value: Int64?, phase: Phase = .connected, error: String? = nil) -> DeviceView
  {
    let register = RegisterView(
      spec: spec.registers[0], actual: value.map { .integer($0) }, lastRead: now,
      inSync: value.map { $0 == 2500 })
    return DeviceView(
      phase: phase, status: error == nil ? .inSync : .unreachable, registers: [register], driftEvents: 3,
      corrections: 2, lastRead: now, lastTransition: now, lastError: error, failures: error == nil ? 0 : 1,
      message: "m")
  }

  @Test func whatIsNoLongerTrueIsTakenAway() throws {
    let entry = try entry(try Resources.plc("a"))
    let spec = try #require(entry.inForce?.device.spec)
    let previous: JSONValue = ["lastError": "no answer", "inSync": true, "message": "x"]
    let patch = document(entry, view(spec, value: nil, phase: .failed, error: "gone"), previous: previous)
      .patch(resourceVersion: "9")
    #expect(patch["status"]?["inSync"] == .null, "unknown is not false")
    #expect(patch["status"]?["lastError"] == "gone")
    #expect(patch["metadata"]?["resourceVersion"] == "9", "a leader of the past must not overwrite")
    let better = document(entry, view(spec, value: 2500), previous: previous).patch(resourceVersion: nil)
    #expect(better["status"]?["lastError"] == .null && better["status"]?["currentValue"] == 2500)
    #expect(better["metadata"] == nil)
  }

  @Test func theTimeOfTheLastCorrectionSurvivesARestart() throws {
    let entry = try entry(try Resources.plc("a"))
    let spec = try #require(entry.inForce?.device.spec)
    let time: JSONValue = "2026-01-02T03:04:05Z"
    let previous: JSONValue = ["registers": [["name": "holding-4001", "lastCorrectionTime": time]]]
    let status = document(entry, view(spec, value: 2500), previous: previous).status()
    #expect(status["registers"]?[0]?["lastCorrectionTime"] == time)
  }

  @Test func anInvalidSpecificationIsNotReady() throws {
    let entry = try entry(try Resources.plc("a", generation: 4, spec: ResourceBookTests.bad))
    let status = document(entry, nil).status()
    let ready = status["conditions"]?.arrayValue?.first { $0["type"] == "Ready" }
    #expect(ready?["status"] == "False" && ready?["reason"] == "InvalidSpec")
    #expect(ready?["observedGeneration"] == 4)
    #expect(ready?["message"]?.stringValue?.contains("spec.registers[0].value") == true)
    #expect(status["driftEvents"] == nil, "what was counted stays as it is")
  }

  @Test func pollsAloneAreNoNews() throws {
    let spec = try #require(try entry(try Resources.plc("a")).inForce?.device.spec)
    func digest(_ view: DeviceView, problems: [String] = []) -> StatusDigest {
      StatusDigest(spec, view, generation: 1, handledSync: nil, problems: problems)
    }
    let first = view(spec, value: 2500)
    var later = first
    later.lastRead = now + .seconds(60)
    later.registers[0].lastRead = later.lastRead
    later.message = "another"
    #expect(digest(first).urgency(of: digest(later)) == nil)
    later.registers[0].rawWords = [2501]
    #expect(digest(first).urgency(of: digest(later)) == .inTurn)
    later.driftEvents += 1
    #expect(digest(first).urgency(of: digest(later)) == .soon)
    // Between two attempts to reach a device that is away nothing has changed.
    var failed = view(spec, value: nil, phase: .failed, error: "gone")
    let waiting = digest(failed)
    failed.phase = .connecting
    failed.failures = 7
    #expect(waiting.urgency(of: digest(failed)) == nil)
  }
}
