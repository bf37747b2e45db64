import Foundation
import NIOSSL
import Synchronization

/// The TLS configuration of a connection, made again when the files it came from change.
final class TLSMaterial: Sendable {
  /// What identifies a file's content without reading it.
  private struct Stamp: Hashable {
    var modified: Double
    var size: Int64
    var inode: UInt64
  }

  private struct Built {
    var stamps: [Stamp?]
    var certificate: ClusterConfiguration.ClientCertificate?
    var checked: MonotonicInstant
    var configuration: TLSConfiguration
  }

  private let trust: ClusterConfiguration.Trust
  private let certificate: ClusterConfiguration.ClientCertificate?
  private let built = Mutex<Built?>(nil)

  /// Between looks at the files.
  private let lifetime: Duration

  init(_ configuration: ClusterConfiguration, lifetime: Duration = .seconds(5)) {
    self.lifetime = lifetime
    trust = configuration.trust
    certificate = configuration.clientCertificate
  }

  /// - Parameter override: a client certificate from a plugin, used instead of the configured one.
  func configuration(
    override: ClusterConfiguration.ClientCertificate?
  ) throws(CredentialError) -> TLSConfiguration {
    let certificate = override ?? certificate
    let now = MonotonicInstant.now()
    let result: Result<TLSConfiguration, CredentialError> = built.withLock { built in
      if let current = built, current.certificate == certificate,
        current.checked.duration(to: now) < lifetime
      {
        return .success(current.configuration)
      }
      let stamps = files(certificate).map(Self.stamp)
      if var current = built, current.certificate == certificate, current.stamps == stamps {
        current.checked = now
        built = current
        return .success(current.configuration)
      }
      do throws(CredentialError) {
        let configuration = try build(certificate)
        built = Built(stamps: stamps, certificate: certificate, checked: now, configuration: configuration)
        return .success(configuration)
      } catch {
        // While files are being swapped, key and certificate may not match for a moment.
        if let current = built, current.certificate == certificate { return .success(current.configuration) }
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func files(_ certificate: ClusterConfiguration.ClientCertificate?) -> [String] {
    var sources: [PEMSource] = []
    if case .authorities(let source) = trust { sources.append(source) }
    if let certificate { sources += [certificate.chain, certificate.key] }
    return sources.compactMap { source in
      if case .file(let path) = source { return path }
      return nil
    }
  }

  private static func stamp(_ path: String) -> Stamp? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: resolved(path)) else {
      return nil
    }
    return Stamp(
      modified: (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0,
      size: (attributes[.size] as? NSNumber)?.int64Value ?? 0,
      inode: (attributes[.systemFileNumber] as? NSNumber)?.uint64Value ?? 0)
  }

  /// Mounted secrets are symbolic links that are pointed elsewhere on rotation.
  private static func resolved(_ path: String) -> String {
    URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  private func build(_ certificate: ClusterConfiguration.ClientCertificate?) throws(CredentialError)
    -> TLSConfiguration
  {
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    switch trust {
    case .system: break
    case .anybody: configuration.certificateVerification = .none
    case .authorities(let source):
      let pem = try Self.read(source, "certificate authority")
      do {
        configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(pem))
      } catch {
        throw CredentialError("certificate authority\(Self.place(source)) is no PEM certificate")
      }
    }
    if let certificate {
      let chain = try Self.read(certificate.chain, "client certificate")
      let key = try Self.read(certificate.key, "client key")
      do {
        configuration.certificateChain = try NIOSSLCertificate.fromPEMBytes(chain).map { .certificate($0) }
      } catch {
        throw CredentialError("client certificate\(Self.place(certificate.chain)) is no PEM certificate")
      }
      do {
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
      } catch {
        throw CredentialError("client key\(Self.place(certificate.key)) is no unencrypted PEM private key")
      }
    }
    return configuration
  }

  private static func read(_ source: PEMSource, _ what: String) throws(CredentialError) -> [UInt8] {
    switch source {
    case .inline(let text): return Array(text.value.utf8)
    case .file(let path):
      do {
        return Array(try readText(path, limit: 4 << 20).utf8)
      } catch {
        throw CredentialError("\(what) \(path) \(error)")
      }
    }
  }

  private static func place(_ source: PEMSource) -> String {
    if case .file(let path) = source { return " \(path)" }
    return ""
  }
}
