import Control
import Foundation
import Modbus
import Testing

/// Servers that nobody here wrote, `name|deviceAddress` a line; `Tests/Interop/matrix.py` starts them and sets it.
private let servers: [(name: String, address: String)] =
  (ProcessInfo.processInfo.environment["FABGITOPS_MODBUS_SERVERS"] ?? "").split(separator: "\n").map {
    let parts = $0.split(separator: "|", maxSplits: 1).map(String.init)
    return (parts[0], parts.last ?? "")
  }

/// One value that each of them holds: what it is, and the words that it is made of.
private struct Known: Sendable {
  var spec: RegisterSpec
  var words: [UInt16]
  var text: String
  var kind: String

  /// `type order address words value w0,w1,...`
  init?(_ line: Substring) {
    let fields = line.split(separator: " ").map(String.init)
    guard fields.count == 6, let type = RegisterType(rawValue: fields[0]),
      let order = ByteOrder(rawValue: fields[1]), let address = UInt16(fields[2])
    else { return nil }
    kind = fields[0]
    words = fields[5].split(separator: ",").compactMap { UInt16($0) }
    text = fields[4]
    spec = RegisterSpec(
      name: "r", address: address, type: type, order: order, bit: type == .bool ? 3 : nil,
      length: type == .string ? words.count : nil)
  }

  /// The value as the manifest of a device would have it.
  var value: RegisterValue? {
    switch spec.type {
    case .bool: .bool(text == "true")
    case .string: .text(text)
    case .float32, .float64: Double(text).map(RegisterValue.real)
    default: Int64(text).map(RegisterValue.integer) ?? UInt64(text).map(RegisterValue.unsigned)
    }
  }
}

/// Our client against each of them, each function with each type. Prints `cell|SERVER|ROW|OUTCOME` for the matrix.
@Suite(.enabled(if: !servers.isEmpty, "needs servers: run Tests/Interop/matrix.py"), .serialized)
struct InteropTests {
  /// Where writes go, above what is read.
  private static let (writes, both): (UInt16, UInt16) = (1000, 2000)

  private let known: [Known]
  private let credentials: String?

  init() throws {
    let environment = ProcessInfo.processInfo.environment
    let path = try #require(environment["FABGITOPS_INTEROP_TABLE"])
    known = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").compactMap(Known.init)
    credentials = environment["FABGITOPS_TLS_DIR"]
    try #require(known.count > 20)
  }

  @Test(arguments: servers.map(\.name)) func everyCell(_ name: String) async throws {
    let address = try #require(servers.first { $0.name == name }?.address)
    let client = try await ModbusClient.connect(
      try EndpointAddress(deviceAddress: address), credentialsDirectory: credentials)
    let bits = (0..<187).map { $0 % 3 == 1 }
    await cell(name, "1 bits") {
      try await client.readBits(address: 0, count: 187, timeout: patience) == bits
    }
    await cell(name, "2 bits") {
      try await client.readBits(.discrete, address: 0, count: 187, timeout: patience)
        == (0..<187).map { $0 % 5 == 2 }
    }
    for kind in Set(known.map(\.kind)).sorted() { await words(kind, name, client) }
    await singles(name, client)
    await cell(name, "exception 2") {
      do {
        _ = try await client.readRegisters(address: 60000, timeout: patience)
        return false
      } catch RequestFailure.refused(let refusal) {
        return refusal == DeviceRefusal(function: 3, exception: .illegalDataAddress)
      }
    }
    await client.close()
  }

  /// Functions 3, 4, 16 and 23 with one type in all its orders.
  private func words(_ kind: String, _ name: String, _ client: ModbusClient) async {
    for value in known where value.kind == kind {
      let (spec, count) = (value.spec, UInt16(value.words.count))
      for (row, table) in [("3", ModbusTable.holding), ("4", .input)] {
        await cell(name, "\(row) \(kind)") {
          let words = try await client.readRegisters(
            table, address: spec.address, count: count, timeout: patience)
          return RegisterCodec.decode(words, as: spec) == value.value
        }
      }
      await cell(name, "16 \(kind)") {
        let words = try Self.encoded(value)
        let to = spec.address + Self.writes
        _ = try await client.send(
          .writeMultipleRegisters(address: to, values: RegisterBlock(words)), timeout: patience)
        return try await client.readRegisters(address: to, count: count, timeout: patience) == value.words
      }
      await cell(name, "23 \(kind)") {
        let to = spec.address + Self.both
        let answer = try await client.send(
          .readWriteMultipleRegisters(
            readAddress: to, readCount: count, writeAddress: to,
            values: RegisterBlock(try Self.encoded(value))), timeout: patience)
        return answer.registers.map(Array.init) == value.words
      }
    }
  }

  /// What our codec makes of a value; a bit is set in the word that is there.
  private static func encoded(_ value: Known) throws -> [UInt16] {
    guard value.spec.type != .bool else { return value.words }
    return try RegisterCodec.encode(try #require(value.value), as: value.spec)
  }

  private func singles(_ name: String, _ client: ModbusClient) async {
    await cell(name, "5 coil") {
      try await client.writeCoils(address: 1000, [true], timeout: patience)
      return try await client.readBits(address: 1000, timeout: patience) == [true]
    }
    let bits = (0..<1968).map { $0 % 7 == 3 }
    await cell(name, "15 bits") {
      try await client.writeCoils(address: 1001, bits, timeout: patience)
      return try await client.readBits(address: 1001, count: 1968, timeout: patience) == bits
    }
    for (row, value) in [("6 uint16", UInt16(54321)), ("6 int16", UInt16(bitPattern: -12345))] {
      await cell(name, row) {
        try await client.writeRegisters(address: 3000, [value], timeout: patience)
        return try await client.readRegisters(address: 3000, timeout: patience) == [value]
      }
    }
    await cell(name, "22 mask") {
      try await client.writeRegisters(address: 3002, [0x12], timeout: patience)
      _ = try await client.send(.maskWriteRegister(address: 3002, and: 0xF2, or: 0x25), timeout: patience)
      return try await client.readRegisters(address: 3002, timeout: patience) == [0x17]
    }
    // libmodbus has no function 43, and on a line it cannot even find such a frame's end.
    guard !name.hasPrefix("libmodbus") else { return }
    await cell(name, "43/14 identity") {
      try await client.readIdentification(.basic, timeout: patience).map(\.text) == ["Interop", "IT", "1.0"]
    }
  }

  private func cell(_ server: String, _ row: String, _ body: () async throws -> Bool) async {
    let outcome: String
    do {
      outcome = try await body() ? "ok" : "FAILED wrong value"
    } catch {
      outcome = "FAILED \(error)"
    }
    print("cell|\(server)|\(row)|\(outcome)")
    #expect(outcome == "ok", "\(server), \(row)")
  }
}
