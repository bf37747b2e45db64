import Modbus
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Device addresses of servers that nobody here wrote, separated by spaces;
/// `Tests/Interop/modbus_client_interop.py` starts some and sets it.
private let servers: [String] =
  getenv("FABGITOPS_MODBUS_SERVERS").map { String(cString: $0).split(separator: " ").map(String.init) } ?? []

/// Our client against each of them: every function, and a refusal.
@Suite(
  .enabled(if: !servers.isEmpty, "needs servers: run Tests/Interop/modbus_client_interop.py"), .serialized)
struct InteropTests {
  private func client(_ server: String) async throws -> ModbusClient {
    try await ModbusClient.connect(try EndpointAddress(deviceAddress: server))
  }

  @Test(arguments: servers) func registers(_ server: String) async throws {
    let client = try await client(server)
    try await client.writeRegisters(address: 7, [2500], timeout: patience)
    try await client.writeRegisters(address: 8, Array(1...123), timeout: patience)
    #expect(
      try await client.readRegisters(address: 7, count: 125, timeout: patience) == [2500] + Array(1...123) + [
        0
      ])
    #expect(try await client.readRegisters(.input, address: 3, count: 2, timeout: patience) == [17, 17])
    let swapped = try await client.send(
      .readWriteMultipleRegisters(readAddress: 7, readCount: 2, writeAddress: 8, values: [99]),
      timeout: patience)
    #expect(swapped.registers == [2500, 99] as RegisterBlock)
    await client.close()
  }

  @Test(arguments: servers) func masks(_ server: String) async throws {
    let client = try await client(server)
    try await client.writeRegisters(address: 300, [0x0012], timeout: patience)
    _ = try await client.send(.maskWriteRegister(address: 300, and: 0x00F2, or: 0x0025), timeout: patience)
    #expect(try await client.readRegisters(address: 300, timeout: patience) == [0x0017])
    await client.close()
  }

  @Test(arguments: servers) func coils(_ server: String) async throws {
    let client = try await client(server)
    let bits = (0..<1967).map { $0 % 3 == 1 }
    try await client.writeCoils(address: 1, bits, timeout: patience)
    try await client.writeCoils(address: 0, [true], timeout: patience)
    #expect(try await client.readBits(address: 0, count: 1968, timeout: patience) == [true] + bits)
    #expect(
      try await client.readBits(.discrete, address: 5, count: 9, timeout: patience)
        == Array(repeating: true, count: 9))
    await client.close()
  }

  @Test(arguments: servers) func identity(_ server: String) async throws {
    let client = try await client(server)
    let objects = try await client.readIdentification(.basic, timeout: patience)
    #expect(objects.map(\.text) == ["Interop", "IT", "1.0"])
    await client.close()
  }

  @Test(arguments: servers) func refusal(_ server: String) async throws {
    let client = try await client(server)
    await #expect(throws: RequestFailure.refused(DeviceRefusal(function: 3, exception: .illegalDataAddress)))
    {
      try await client.readRegisters(address: 60000, timeout: patience)
    }
    _ = try await client.readRegisters(address: 7, timeout: patience)
    await client.close()
  }
}
