import Control
import Foundation
import Testing

@testable import Manifest

private let longForm = """
  # A comment.
  apiVersion: fabgitops.io/v1
  kind: IndustrialPLC
  metadata: { name: oven, namespace: plant, labels: { zone: a, line: "2" } }
  spec:
    deviceAddress: fe80::1
    port: 1502
    unitId: 255
    timeoutMs: 500
    connection: perRequest
    pauseAfterConnectMs: 5
    pauseBetweenRequestsMs: 6
    maxRegistersPerRequest: 100
    maxGap: 0
    pollIntervalSecs: 60
    autoCorrect: off
    suspend: true
    tags: [production, line-1]
    identity: { vendorName: "ACME", productCode: "X1" }
    registers:
    - name: zone1-setpoint
      address: 4001
      scale: 0.1
      unit: "°C"
      value: 72.5
      tolerance: 0.5
      min: 20
      max: 95
      maxStep: 5
      autoCorrect: true
    - { address: 10, table: coil, value: true }
    - { address: 0x10, table: input, type: float32, order: CDAB }
    - { name: batch, address: 100, type: string, length: 4, value: "A-17" }
    - { name: mode-bit, address: 200, type: bool, bit: 3, value: no }
    - { name: total, address: 300, type: uint64, value: 18446744073709551615 }
    correction:
      confirmReads: 2
      maxWritesPerHour: 6
      contestedAfter: 4
      contestedWithinSecs: 90
      permit: { address: 10, table: coil, equals: 1 }
      windows:
      - { schedule: "0 2 * * *", durationMins: 120, timeZone: Europe/Berlin }
  """

private func read(_ text: String) -> ManifestReading {
  ManifestReader.read([ManifestFile(name: "a.yaml", contents: Array(text.utf8))])
}

struct ManifestReaderTests {
  @Test func shortFormHasItsDefaults() throws {
    let reading = read(
      """
      apiVersion: fabgitops.io/v1
      kind: IndustrialPLC
      metadata: { name: production-line-1 }
      spec:
        deviceAddress: "192.168.1.100"
        targetRegister: 4001
        targetValue: 2500
      """)
    #expect(reading.diagnostics.isEmpty)
    let device = try #require(reading.devices.first)
    let expected = DeviceSpec(
      id: DeviceID(name: "production-line-1"), address: "192.168.1.100",
      registers: [RegisterSpec(name: "holding-4001", address: 4001, desired: .integer(2500))])
    #expect(device.spec == expected)
    #expect(device.spec.pollInterval == .seconds(5))
    #expect(device.sources[0].location == ManifestLocation(file: "a.yaml", line: 7, column: 16))
    #expect(device.sources[0].path == "spec.targetValue")
  }

  @Test func longFormIsReadWhole() throws {
    let reading = read(longForm)
    #expect(reading.diagnostics.isEmpty, "\(reading.diagnostics)")
    let spec = try #require(reading.devices.first?.spec)
    #expect(spec.id == DeviceID(namespace: "plant", name: "oven"))
    #expect(spec.labels == [.init(key: "line", value: "2"), .init(key: "zone", value: "a")])
    #expect((spec.address, spec.port, spec.unitID) == ("fe80::1", 1502, 255))
    #expect(spec.timeout == .milliseconds(500))
    #expect(spec.connection == .perRequest)
    #expect(spec.pauseAfterConnect == .milliseconds(5) && spec.pauseBetweenRequests == .milliseconds(6))
    #expect((spec.maxRegistersPerRequest, spec.maxGap, spec.addressBase) == (100, 0, 0))
    #expect(spec.pollInterval == .seconds(60))
    #expect(!spec.autoCorrect && spec.suspend)
    #expect(spec.tags == ["production", "line-1"])
    #expect(spec.identity == DeviceIdentity(vendorName: "ACME", productCode: "X1"))
    #expect(
      spec.registers == [
        RegisterSpec(
          name: "zone1-setpoint", address: 4001, scale: 0.1, unit: "°C", desired: .real(72.5), tolerance: 0.5,
          minimum: 20, maximum: 95, maxStep: 5, autoCorrect: true),
        RegisterSpec(name: "coil-10", address: 10, table: .coil, type: .bool, desired: .bool(true)),
        RegisterSpec(name: "input-16", address: 16, table: .input, type: .float32, order: .cdab),
        RegisterSpec(name: "batch", address: 100, type: .string, length: 4, desired: .text("A-17")),
        RegisterSpec(name: "mode-bit", address: 200, type: .bool, bit: 3, desired: .bool(false)),
        RegisterSpec(name: "total", address: 300, type: .uint64, desired: .unsigned(.max)),
      ])
    #expect(spec.correction.confirmReads == 2 && spec.correction.maxWritesPerHour == 6)
    #expect(spec.correction.contestedAfter == 4 && spec.correction.contestedWithin == .seconds(90))
    #expect(spec.correction.permit == PermitRule(address: 10, table: .coil, equals: 1))
    let window = try #require(spec.correction.windows.first)
    #expect(window.durationMinutes == 120)
    #expect(window.zone.name == "Europe/Berlin")
    // 2026-01-15 and 2026-07-15, noon UTC.
    #expect(window.zone.offset(at: 1_768_478_400) == 3600)
    #expect(window.zone.offset(at: 1_784_116_800) == 7200)
  }

  @Test func encodedDevicesReadBackTheSame() throws {
    for text in [
      longForm,
      longForm.replacing("suspend: true", with: "addressBase: 1").replacing(
        "table: input", with: "table: input"),
    ] {
      let spec = try #require(
        read(text.replacing("address: 0x10,", with: "address: 16,")).devices.first?.spec)
      let yaml = ManifestEncoder.yaml(spec)
      let again = read(yaml)
      #expect(again.diagnostics.isEmpty, "\(again.diagnostics)\n\(yaml)")
      var expected = spec
      if spec.addressBase == 1 {
        // Default names carry the number as written, which is a reference now.
        for index in expected.registers.indices {
          expected.registers[index].name = again.devices[0].spec.registers[index].name
        }
      }
      #expect(again.devices.first?.spec == expected, "\(yaml)")
      let object = ManifestReader.read(object: ManifestEncoder.document(spec))
      #expect(object.devices.first?.spec == again.devices.first?.spec)
    }
  }

  @Test func everyAddressOfEveryTableSurvivesBaseOne() throws {
    for table in RegisterTable.allCases {
      for address in [0, 1, 9998, 9999, 10_000, 30_000, 30_001, 39_999, 40_000, 40_001, 49_999, 65_535]
        as [UInt16]
      {
        let written = ManifestEncoder.written(address, table, base: 1)
        #expect(try AddressNotation.protocolAddress(written, base: 1, table: table) == address)
      }
    }
    #expect(try AddressNotation.protocolAddress(40_001, base: 1, table: .holding) == 0)
    #expect(try AddressNotation.protocolAddress(44_002, base: 1, table: .holding) == 4001)
    #expect(try AddressNotation.protocolAddress(400_001, base: 1, table: .holding) == 0)
    #expect(try AddressNotation.protocolAddress(30_010, base: 1, table: .input) == 9)
    #expect(try AddressNotation.protocolAddress(10_010, base: 1, table: .discrete) == 9)
    #expect(try AddressNotation.protocolAddress(4002, base: 1, table: .holding) == 4001)
    #expect(try AddressNotation.protocolAddress(30_010, base: 1, table: .coil) == 30_009)
    #expect(try AddressNotation.protocolAddress(50_000, base: 1, table: .holding) == 49_999)
    #expect(throws: AddressNotation.Problem.self) {
      try AddressNotation.protocolAddress(30_001, base: 1, table: .holding)
    }
  }

  @Test func documentsOfOtherKindsArePassedOver() {
    let reading = read(
      """
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: x, annotations: { about: fabgitops } }
      ---
      # nothing
      ---
      apiVersion: fabgitops.io/v1
      kind: IndustrialPLC
      metadata: { name: a }
      spec: { deviceAddress: a, targetRegister: 1, targetValue: 1 }
      """)
    #expect(reading.isValid && reading.devices.count == 1 && reading.skippedDocuments == 1)
    // Not YAML at all, and none of our business.
    #expect(read("{{- if .Values.enabled }}\n  a: {{ b }}\n").diagnostics.isEmpty)
  }

  @Test func devicesOfTheSameNameAreFoundAcrossFiles() {
    let text = ManifestEncoder.yaml(
      DeviceSpec(
        id: DeviceID(name: "a"), address: "h",
        registers: [RegisterSpec(name: "r", address: 1, desired: .integer(1))]))
    let reading = ManifestReader.read(
      ["b.yaml", "a.yaml"].map { ManifestFile(name: $0, contents: Array(text.utf8)) })
    #expect(
      reading.diagnostics.map(\.description)
        == ["b.yaml:4:9: metadata.name: default/a is already declared at a.yaml:4:9"])
    #expect(reading.diagnostics.first?.related?.file == "a.yaml")
  }

  @Test func objectsOfTheAPIServerAreReadWithPathsOnly() throws {
    let json = """
      {"apiVersion":"fabgitops.io/v1","kind":"IndustrialPLC","metadata":{"name":"a","namespace":"b","uid":"1",
       "resourceVersion":"5","generation":3,"creationTimestamp":"2026-01-02T03:04:05Z",
       "managedFields":[{"x":1}],
       "annotations":{"fabgitops.io/force-sync":"true"}},
       "spec":{"deviceAddress":"h","registers":[{"address":1,"value":120,"max":95}]},
       "status":{"phase":"Connected"}}
      """
    let reading = try ManifestReader.read(json: Data(json.utf8))
    #expect(reading.diagnostics.map(\.description) == ["spec.registers[0].value: 120 is above max 95"])
    let good = try ManifestReader.read(
      json: Data(json.replacing("120", with: "20.5").replacing("\"max\"", with: "\"scale\":0.5,\"max\"").utf8)
    )
    #expect(good.diagnostics.isEmpty)
    #expect(good.devices.first?.spec.registers[0].desired == .real(20.5))
    #expect(good.devices.first?.annotations == [.init(key: "fabgitops.io/force-sync", value: "true")])
    #expect(throws: (any Error).self) { try ManifestReader.read(json: Data("{".utf8)) }
    #expect(!ManifestReader.read(object: ["kind": "Pod", "apiVersion": "v1"]).isValid)
  }

  @Test func hostileFilesCostLittle() {
    let head = "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\n"
    let deep = head + "spec: " + String(repeating: "[", count: 200_000)
    let long = head + String(repeating: "a: 1\n", count: 20_000)
    let wide =
      head + "metadata: {name: a}\nspec:\n  deviceAddress: a\n  registers:\n"
      + String(repeating: "  - {address: 1}\n", count: 2000)
    for text in [
      deep, long, wide, head + String(repeating: "&a ", count: 10_000), head + "\u{0}", head + "? ? ? ?",
    ] {
      let reading = read(text)
      #expect(!reading.isValid)
      #expect(reading.diagnostics.count < 50)
    }
    #expect(
      read(head + String(repeating: "#", count: 5_000_000)).diagnostics.map(\.message)
        == ["file is 5000048 bytes, the limit is 4194304"])
  }

  @Test func aFileMayHoldAsManyDevicesAsAFleetHas() {
    let documents = (0..<10_000).map {
      "apiVersion: fabgitops.io/v1\nkind: IndustrialPLC\nmetadata: {name: line-\($0)}\n"
        + "spec: {deviceAddress: 10.0.\($0 >> 8).\($0 & 255), targetRegister: 4001, targetValue: 2500}\n"
    }
    let reading = read(documents.joined(separator: "---\n"))
    #expect(reading.isValid)
    #expect(reading.devices.count == 10_000)
  }

  @Test func anyBytesAreReadWithoutTrapping() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SplitMix(state: seed)
    let base = Array(longForm.utf8)
    for _ in 0..<300 {
      var bytes = base
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0 ... .max, using: &random)
        case 1: bytes.remove(at: place)
        case 2:
          bytes.insert(
            contentsOf: Array("&*!?:-{}[]\"'|>%@`#~\n 09.".utf8).shuffled(using: &random).prefix(2), at: place
          )
        default: bytes.replaceSubrange(place..<min(place + 20, bytes.count), with: bytes.prefix(30))
        }
        if bytes.isEmpty { bytes = base }
      }
      let reading = ManifestReader.read([ManifestFile(name: "f.yaml", contents: bytes, isExplicit: true)])
      // Whatever was accepted can be written and read again.
      for device in reading.devices {
        let again = read(ManifestEncoder.yaml(device.spec))
        #expect(again.isValid, "seed \(seed): \(again.diagnostics)")
      }
    }
  }
}

/// A seeded generator for tests.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
