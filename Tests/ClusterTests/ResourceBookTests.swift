import Control
import Kubernetes
import LocalEngine
import Testing

@testable import Cluster

/// Resources as the API server would send them.
enum Resources {
  static func plc(
    _ name: String, uid: String = "u1", generation: Int64 = 1, spec: JSONValue? = nil,
    annotations: [String: String] = [:], status: JSONValue = [:], created: String = "2026-01-01T00:00:00Z"
  ) throws -> DynamicObject {
    let short: JSONValue = ["deviceAddress": "10.0.0.1", "targetRegister": 4001, "targetValue": 2500]
    return try DynamicObject(json: [
      "apiVersion": "fabgitops.io/v1", "kind": "IndustrialPLC",
      "metadata": [
        "name": .string(name), "namespace": "default", "uid": .string(uid), "resourceVersion": "7",
        "generation": .integer(generation), "creationTimestamp": .string(created),
        "annotations": .object(annotations.mapValues { .string($0) }),
        "managedFields": [["manager": "kubectl"]],
      ],
      "spec": spec ?? short, "status": status,
    ])
  }

  static func id(_ name: String) -> DeviceID { DeviceID(namespace: "default", name: name) }
}

@Suite struct ResourceBookTests {
  let now = WallTime(milliseconds: 1_800_000_000_000)
  static let bad: JSONValue = [
    "deviceAddress": "10.0.0.1", "registers": [["address": 1, "value": 120, "max": 95]],
  ]

  @Test func onlyWhatMattersIsAChange() throws {
    var book = ResourceBook(shard: .whole)
    #expect(book.upsert(try Resources.plc("a")) == .desired)
    #expect(book.upsert(try Resources.plc("a", status: ["phase": "Connected"])) == [], "our own status")
    #expect(book.upsert(try Resources.plc("a", annotations: ["note": "hello"])) == [])
    let asked = [PLCAnnotation.lastSyncRequest: "1"]
    #expect(book.upsert(try Resources.plc("a", annotations: asked)) == .sync)
    #expect(book.upsert(try Resources.plc("a", annotations: asked)) == [], "asked once")
    #expect(book.upsert(try Resources.plc("a", uid: "u2", annotations: asked)).contains([.sync, .desired]))
    #expect(book.delete(Resources.id("a")) == .desired)
    #expect(book.delete(Resources.id("a")) == [])
  }

  @Test func theLastGoodSpecificationStaysAndIsNotWritten() throws {
    var book = ResourceBook(shard: .whole)
    _ = book.upsert(try Resources.plc("a"))
    let change = book.upsert(try Resources.plc("a", generation: 2, spec: Self.bad))
    #expect(change == [.invalid, .desired])
    let device = try #require(book.desired(at: now).devices.first)
    #expect(device.spec.registers.map(\.address) == [4001])
    #expect(device.restored?.suspendedBy?.contains("generation 2 is invalid") == true)
    #expect(book[Resources.id("a")]?.inForce?.generation == 1)
    #expect(book.upsert(try Resources.plc("a", generation: 2, spec: Self.bad)) == [], "told once")
    _ = book.upsert(try Resources.plc("a", generation: 3))
    #expect(book.desired(at: now).devices.first?.restored?.suspendedBy == nil)
  }

  @Test func aResourceThatWasNeverValidIsNotDriven() throws {
    var book = ResourceBook(shard: .whole)
    #expect(book.upsert(try Resources.plc("a", spec: Self.bad)).contains(.invalid))
    #expect(book.desired(at: now).devices.isEmpty)
    // Recreated under the same name: what was good for the old object is not for the new one.
    _ = book.upsert(try Resources.plc("b", uid: "old"))
    _ = book.upsert(try Resources.plc("b", uid: "new", spec: Self.bad))
    #expect(book.desired(at: now).devices.isEmpty)
  }

  @Test func theNewerOfTwoRivalsIsRefused() throws {
    var book = ResourceBook(shard: .whole)
    _ = book.upsert(try Resources.plc("z-old", created: "2026-01-01T00:00:00Z"))
    _ = book.upsert(try Resources.plc("a-new", created: "2026-02-01T00:00:00Z"))
    #expect(book.settleConflicts() == [Resources.id("a-new")])
    #expect(
      book[Resources.id("a-new")]?.problems == [
        "spec.targetValue: default/z-old also sets this register of the device"
      ])
    #expect(book[Resources.id("z-old")]?.problems == [])
    #expect(book.settleConflicts() == [], "told once")
    let suspended = book.desired(at: now).devices.filter { $0.restored?.suspendedBy != nil }
    #expect(suspended.map(\.spec.id) == [Resources.id("a-new")])
    _ = book.delete(Resources.id("z-old"))
    #expect(book.settleConflicts() == [Resources.id("a-new")])
    #expect(book[Resources.id("a-new")]?.problems == [])
  }

  @Test func whatTheLastLeaderCountedIsTakenUp() throws {
    var book = ResourceBook(shard: .whole)
    let status: JSONValue = [
      "driftEvents": 5, "correctionsApplied": 4,
      "registers": [
        [
          "name": "holding-4001", "driftEvents": 5, "corrections": 4, "inSync": false, "desired": 2500,
          "lastDriftTime": "2026-01-02T03:04:05Z",
        ]
      ],
    ]
    _ = book.upsert(try Resources.plc("a", status: status))
    let counters = try #require(book.desired(at: now).devices.first?.restored?.counters)
    #expect(counters.driftEvents == 5 && counters.corrections == 4)
    #expect(counters.registers.first?.driftSeen == WallTime(rfc3339: "2026-01-02T03:04:05Z"))
    // Something else is desired now: a difference would be a drift of its own.
    let other: JSONValue = ["deviceAddress": "10.0.0.1", "targetRegister": 4001, "targetValue": 1]
    _ = book.upsert(try Resources.plc("a", generation: 2, spec: other, status: status))
    #expect(book.desired(at: now).devices.first?.restored?.counters?.registers.first?.driftSeen == nil)
  }

  @Test func shelvesThatCannotBeReadKeepTheDeviceFromBeingWritten() throws {
    var book = ResourceBook(shard: .whole)
    _ = book.upsert(try Resources.plc("a", annotations: [PLCAnnotation.shelves: "[{]"]))
    #expect(book.desired(at: now).devices.first?.restored?.suspendedBy?.contains("not a JSON list") == true)
  }

  @Test func expiredShelvesAreNotTakenUp() throws {
    var book = ResourceBook(shard: .whole)
    let text =
      #"[{"until":"2020-01-01T00:00:00Z","reason":"x"},{"until":"2040-01-01T00:00:00Z","reason":"y"}]"#
    _ = book.upsert(try Resources.plc("a", annotations: [PLCAnnotation.shelves: text]))
    #expect(book.desired(at: now).devices.first?.restored?.shelves.map(\.reason) == ["y"])
  }

  @Test func aFinalizerDoesNotKeepADevice() throws {
    var book = ResourceBook(shard: .whole)
    _ = book.upsert(try Resources.plc("a"))
    var going = try Resources.plc("a").json
    var metadata = try #require(going["metadata"])
    metadata["deletionTimestamp"] = "2026-01-02T03:04:05Z"
    going["metadata"] = metadata
    #expect(book.upsert(try DynamicObject(json: going)) == .desired)
    #expect(book.desired(at: now).devices.isEmpty)
  }

  @Test func everyDeviceIsInExactlyOneShard() {
    for count in [1, 2, 3, 7] {
      let shards = (0..<count).compactMap { Shard("\($0)/\(count)") }
      #expect(shards.count == count)
      for index in 0..<200 {
        #expect(shards.filter { $0.contains(Resources.id("line-\(index)")) }.count == 1)
      }
    }
    for text in ["", "1", "2/2", "-1/2", "0/0", "0/1001", "a/b", "1/2/3"] { #expect(Shard(text) == nil) }
  }
}
