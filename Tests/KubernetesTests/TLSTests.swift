import Foundation
import NIOSSL
import Testing

@testable import Kubernetes

/// A key and a certificate for a name, signed by itself.
private struct Identity {
  let directory: URL
  let name: String
  var chain: String { directory.appendingPathComponent("\(name).crt").path }
  var key: String { directory.appendingPathComponent("\(name).key").path }

  init(_ name: String, in directory: URL) throws {
    self.name = name
    self.directory = directory
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    openssl.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
      "2",
      "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name)", "-keyout", key, "-out", chain,
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.run()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0)
  }
}

@Suite(.timeLimit(.minutes(5))) struct TLSTests {
  private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)

  private func failure(_ configuration: ClusterConfiguration) async -> TransportFailure? {
    var options = KubernetesClient.Options()
    options.retry = .never
    do {
      let client = KubernetesClient(configuration, options: options)
      let _: DynamicObject = try await client.get(.configMaps, namespace: "a", name: "x")
      return nil
    } catch ClientError.transport(let failure) {
      return failure
    } catch {
      Issue.record(error)
      return nil
    }
  }

  private func start(_ identity: Identity, asking: [NIOSSLCertificate]? = nil) async throws -> ScriptedServer
  {
    let chain = try NIOSSLCertificate.fromPEMFile(identity.chain).map {
      NIOSSLCertificateSource.certificate($0)
    }
    let key = try NIOSSLPrivateKey(file: identity.key, format: .pem)
    var tls = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
    if let asking {
      tls.certificateVerification = .noHostnameVerification
      tls.trustRoots = .certificates(asking)
    }
    return try await ScriptedServer.start(tls: tls) { _, _ in .answer(200, objectJSON("x", version: 1)) }
  }

  @Test func theCertificateMustBeForTheNameAskedFor() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let server = try await start(Identity("plant.example", in: directory))
    var configuration = server.configuration
    configuration.server.isTLS = true
    configuration.trust = .authorities(.file(directory.appendingPathComponent("plant.example.crt").path))
    let byAddress = await failure(configuration)
    #expect(
      byAddress?.kind == .tls && byAddress?.message.contains("another name") == true,
      "\(String(describing: byAddress))")
    configuration.tlsServerName = "other.example"
    let byOther = await failure(configuration)
    #expect(byOther?.kind == .tls && byOther?.message.contains("another name") == true)
    configuration.tlsServerName = "plant.example"
    #expect(await failure(configuration) == nil)
    #expect(server.requests.map { $0.headers["host"] } == [["127.0.0.1:\(server.port)"]])
    configuration.tlsServerName = nil
    configuration.trust = .anybody
    #expect(await failure(configuration) == nil)
    configuration.server.isTLS = false
    #expect(await failure(configuration) != nil)
  }

  @Test func aClientCertificateIsShown() async throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let client = try Identity("me.example", in: directory)
    let asked = try NIOSSLCertificate.fromPEMFile(client.chain)
    let server = try await start(Identity("plant.example", in: directory), asking: asked)
    var configuration = server.configuration
    configuration.server.isTLS = true
    configuration.tlsServerName = "plant.example"
    configuration.trust = .authorities(.file(directory.appendingPathComponent("plant.example.crt").path))
    #expect(await failure(configuration) != nil)
    configuration.clientCertificate = .init(chain: .file(client.chain), key: .file(client.key))
    #expect(await failure(configuration) == nil)
  }

  @Test func rotatedFilesAreReadAgainAndHalfRotatedOnesAreNot() throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let first = try Identity("one.example", in: directory)
    let second = try Identity("two.example", in: directory)
    var configuration = ClusterConfiguration(name: "c", server: .init(isTLS: true, host: "h", port: 1))
    configuration.clientCertificate = .init(chain: .file(first.chain), key: .file(first.key))
    let material = TLSMaterial(configuration, lifetime: .zero)
    let before = try material.configuration(override: nil)
    #expect(try material.configuration(override: nil).bestEffortEquals(before))
    try FileManager.default.removeItem(atPath: first.chain)
    #expect(try material.configuration(override: nil).bestEffortEquals(before))
    try FileManager.default.copyItem(atPath: second.chain, toPath: first.chain)
    try FileManager.default.removeItem(atPath: first.key)
    try FileManager.default.copyItem(atPath: second.key, toPath: first.key)
    #expect(try !material.configuration(override: nil).bestEffortEquals(before))
  }

  @Test func saysWhichFileIsNoCertificate() throws {
    defer { try? FileManager.default.removeItem(at: directory) }
    let identity = try Identity("one.example", in: directory)
    func message(_ chain: PEMSource, _ key: PEMSource) -> String? {
      var configuration = ClusterConfiguration(name: "c", server: .init(isTLS: true, host: "h", port: 1))
      configuration.clientCertificate = .init(chain: chain, key: key)
      do throws(CredentialError) {
        _ = try TLSMaterial(configuration).configuration(override: nil)
        return nil
      } catch {
        return error.message
      }
    }
    #expect(message(.file(identity.chain), .file(identity.key)) == nil)
    #expect(
      message(.file(identity.chain), .file(identity.chain))
        == "client key \(identity.chain) is no unencrypted PEM private key")
    #expect(
      message(.inline(Secret("x")), .file(identity.key)) == "client certificate is no PEM certificate")
  }
}
