import Foundation
import Modbus
import NIOCore
import NIOPosix
import Testing

/// Modbus/TCP Security between our client and our server, over loopback, with certificates made on the spot.
@Suite struct SecurityTests {
  private let authority: TestAuthority
  /// The folder of client credentials, as an engine has it.
  private let clients: String
  private let serverFolder: String

  init() throws {
    authority = try TestAuthority()
    clients = authority.folder + "/clients"
    serverFolder = authority.folder + "/server"
    try authority.issue(into: serverFolder)
    try authority.issue(into: clients + "/default", role: "operator")
  }

  private func serve() async throws -> TestServer {
    try await TestServer.start(security: CredentialFiles(directory: serverFolder)) {
      $0.registers[1] = 11
      $0.fault = { _, request, connection in
        request.request.isWrite && connection.role != "operator" ? .exception(.illegalFunction) : nil
      }
    }
  }

  private func connect(
    _ server: TestServer, _ identity: TLSIdentity = TLSIdentity(),
    options: ConnectionOptions = .init(connectTimeout: patience)
  ) async throws -> ModbusClient {
    try await ModbusClient.connect(
      .secure(host: "127.0.0.1", port: server.server.port, identity), options: options,
      credentialsDirectory: clients)
  }

  /// The failure to connect, or of the first read: TLS 1.3 lets a client find out only then that it is not wanted.
  private func failure(_ body: () async throws -> ModbusClient) async -> String {
    do {
      let client = try await body()
      defer { Task { await client.close() } }
      return "read \(try await client.readRegisters(address: 1, timeout: patience))"
    } catch let failure as WireFailure {
      return "\(failure)"
    } catch RequestFailure.wire(let failure) {
      return "\(failure)"
    } catch RequestFailure.notSent(.connectionLost(let failure)) {
      return "\(failure)"
    } catch {
      return "other: \(error)"
    }
  }

  @Test func bothSidesAreKnownAndTheRoleDecides() async throws {
    defer { authority.remove() }
    try authority.issue(into: clients + "/viewer", role: "viewer")
    try authority.issue(into: clients + "/nobody")
    let server = try await serve()
    let client = try await connect(server)
    try await client.writeRegisters(address: 2, Array(1...123), timeout: patience)
    #expect(try await client.readRegisters(address: 1, count: 3, timeout: patience) == [11, 1, 2])
    #expect(try await server.on { $0.opened.map(\.role) } == ["operator"])
    await client.close()
    for name in ["viewer", "nobody"] {
      let reader = try await connect(server, TLSIdentity(credentials: name))
      #expect(try await reader.readRegisters(address: 1, timeout: patience) == [11])
      await #expect(throws: RequestFailure.refused(DeviceRefusal(function: 6, exception: .illegalFunction))) {
        try await reader.writeRegisters(address: 1, [5], timeout: patience)
      }
      await reader.close()
    }
    try await server.server.close()
  }

  @Test func strangersAreTurnedAway() async throws {
    defer { authority.remove() }
    let other = try TestAuthority("Other CA")
    defer { other.remove() }
    try other.issue(into: clients + "/stranger", role: "operator", trusting: authority)
    try authority.issue(into: clients + "/distrusting", trusting: other)
    let server = try await serve()
    // Between the handshake and the first read the connection may be gone already.
    var stranger = "other: not sent: not connected"
    while stranger == "other: not sent: not connected" {
      stranger = await failure { try await connect(server, TLSIdentity(credentials: "stranger")) }
    }
    #expect(stranger.hasPrefix("TLS: the device does not"), "\(stranger)")
    let distrusting = await failure { try await connect(server, TLSIdentity(credentials: "distrusting")) }
    #expect(
      distrusting == "TLS: the device's certificate is not signed by an authority in ca.crt, or has expired")
    #expect(try await server.on { $0.opened.isEmpty && $0.requests.isEmpty })
    #expect(try await eventually { try await server.on { $0.brokenBy.count >= 2 } })
    try await server.server.close()
  }

  @Test func theNameInTheCertificateCounts() async throws {
    defer { authority.remove() }
    try authority.issue(into: serverFolder, names: "DNS:plc-7.plant.example")
    let server = try await serve()
    let wrong = await failure { try await connect(server) }
    #expect(wrong.hasPrefix("TLS: the device's certificate is for another name or address"), "\(wrong)")
    let right = TLSIdentity(serverName: "plc-7.plant.example")
    #expect(await failure { try await connect(server, right) } == "read [11]")
    // The right address is not the right name.
    try authority.issue(into: serverFolder, names: "IP:127.0.0.1,DNS:plc-8.plant.example,DNS:*.line.example")
    let named = await failure { try await connect(server, right) }
    #expect(named.hasPrefix("TLS: the device's certificate is for another name or address"), "\(named)")
    #expect(await failure { try await connect(server) } == "read [11]")
    let star = TLSIdentity(serverName: "Oven.line.example")
    #expect(await failure { try await connect(server, star) } == "read [11]")
    try await server.server.close()
  }

  @Test func changedFilesAreUsedFromTheNextConnectionOn() async throws {
    defer { authority.remove() }
    let server = try await serve()
    let client = try await connect(server)
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [11])
    try authority.issue(into: clients + "/default", role: "viewer")
    try authority.issue(into: serverFolder)
    // The connection that is made stays.
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [11])
    try await server.on { for connection in $0.opened { connection.close() } }
    #expect(try await eventually { try await server.on { $0.opened.isEmpty } })
    try await client.reconnect()
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [11])
    #expect(try await server.on { $0.opened.map(\.role) } == ["viewer"])
    // Half of a rotation: what was good before stays in use.
    try "nonsense".write(toFile: clients + "/default/tls.key", atomically: true, encoding: .utf8)
    try await server.on { for connection in $0.opened { connection.close() } }
    #expect(try await eventually { try await server.on { $0.opened.isEmpty } })
    try await client.reconnect()
    #expect(try await client.readRegisters(address: 1, timeout: patience) == [11])
    await client.close()
    try await server.server.close()
  }

  @Test func filesThatCannotBeUsedAreNamed() async throws {
    defer { authority.remove() }
    let other = try TestAuthority()
    defer { other.remove() }
    let server = try await serve()
    func said(_ name: String) async -> String {
      await failure { try await connect(server, TLSIdentity(credentials: name)) }
        .replacingOccurrences(of: clients, with: "DIR")
    }
    #expect(await said("absent") == "TLS: DIR/absent/tls.crt: No such file or directory")
    #expect(await said("../server") == "TLS: '../server' is not a name of credentials")
    try authority.issue(into: clients + "/old", days: -1)
    #expect(await said("old") == "TLS: the certificate in DIR/old/tls.crt has expired")
    try authority.issue(into: clients + "/mixed")
    try authority.issue(into: clients + "/donor")
    try FileManager.default.removeItem(atPath: clients + "/mixed/tls.key")
    try FileManager.default.moveItem(atPath: clients + "/donor/tls.key", toPath: clients + "/mixed/tls.key")
    let mixed = await said("mixed")
    #expect(
      mixed
        == "TLS: DIR/mixed/tls.crt and DIR/mixed/tls.key cannot be used together: the key is not that of the "
        + "certificate", "\(mixed)")
    try "junk".write(toFile: clients + "/mixed/tls.key", atomically: true, encoding: .utf8)
    #expect(
      await said("mixed")
        == "TLS: DIR/mixed/tls.key is not a private key in PEM (encrypted ones cannot be used)")
    try "".write(toFile: clients + "/donor/ca.crt", atomically: true, encoding: .utf8)
    #expect(await said("donor") == "TLS: there is no certificate in PEM in DIR/donor/ca.crt")
    let none = await failure {
      try await ModbusClient.connect(.secure(host: "127.0.0.1", port: server.server.port))
    }
    #expect(none == "TLS: this program was given no directory of credentials")
    try await server.server.close()
  }

  @Test func plainAndSecureDoNotMix() async throws {
    defer { authority.remove() }
    let secure = try await serve()
    let plain = try await TestServer.start()
    let toPlain = await failure { try await connect(plain) }
    #expect(!toPlain.hasPrefix("read"), "\(toPlain)")
    let client = try await ModbusClient.connect(host: "127.0.0.1", port: secure.server.port)
    await #expect(throws: RequestFailure.self) {
      try await client.readRegisters(address: 1, timeout: patience)
    }
    #expect(try await secure.on { $0.opened.isEmpty && $0.requests.isEmpty })
    await client.close()
    try await secure.server.close()
    try await plain.server.close()
  }

  @Test func aHandshakeThatNeverEndsIsGivenUp() async throws {
    defer { authority.remove() }
    let mute = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .bind(host: "127.0.0.1", port: 0).get()
    let port = try #require(mute.localAddress?.port)
    await #expect(throws: WireFailure.connectTimedOut) {
      try await ModbusClient.connect(
        .secure(host: "127.0.0.1", port: port), options: .init(connectTimeout: .milliseconds(100)),
        credentialsDirectory: clients)
    }
    try await mute.close()
  }
}
