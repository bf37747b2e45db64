import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The PEM files of one side of Modbus/TCP Security. Both sides present a certificate and check the other's
/// (MODBUS/TCP Security V36, section 8.1).
public struct CredentialFiles: Sendable, Hashable {
  /// This side's certificate, then those between it and the authority.
  public var certificate: String
  /// Its private key, not encrypted.
  public var privateKey: String
  /// The authorities that may have signed the other side's certificate. The system's own are not trusted.
  public var authorities: String

  public init(certificate: String, privateKey: String, authorities: String) {
    self.certificate = certificate
    self.privateKey = privateKey
    self.authorities = authorities
  }

  /// `tls.crt`, `tls.key` and `ca.crt` in a directory, as a mounted Kubernetes secret has them.
  public init(directory: String) {
    self.init(
      certificate: directory + "/tls.crt", privateKey: directory + "/tls.key",
      authorities: directory + "/ca.crt")
  }

  enum Side { case client, server }

  /// Changes whenever a file does, or another is put in its place.
  struct Fingerprint: Sendable, Hashable {
    private var numbers: [Int64] = []

    /// Reads only the files' entries, not what is in them.
    init(_ files: CredentialFiles) {
      for path in [files.certificate, files.privateKey, files.authorities] {
        var entry = stat()
        guard stat(path, &entry) == 0 else {
          numbers.append(-1)
          continue
        }
        #if canImport(Darwin)
          let changed = entry.st_mtimespec
        #else
          let changed = entry.st_mtim
        #endif
        numbers += [
          Int64(truncatingIfNeeded: entry.st_dev), Int64(truncatingIfNeeded: entry.st_ino),
          Int64(truncatingIfNeeded: entry.st_size), Int64(truncatingIfNeeded: changed.tv_sec),
          Int64(truncatingIfNeeded: changed.tv_nsec),
        ]
      }
    }
  }

  /// Reads the files. Blocks: not for an event loop.
  ///
  /// - Throws: `.tls` with the file and what is wrong with it.
  func context(_ side: Side) throws(WireFailure) -> NIOSSLContext {
    let chain = try certificates(certificate)
    if let first = chain.first, Int(first.notValidAfter) < time(nil) {
      throw .tls("the certificate in \(certificate) has expired")
    }
    let trust = NIOSSLTrustRoots.certificates(try certificates(authorities))
    let keyBytes = try Self.contents(of: privateKey)
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(bytes: keyBytes, format: .pem)
    } catch {
      throw .tls("\(privateKey) is not a private key in PEM (encrypted ones cannot be used)")
    }
    var configuration: TLSConfiguration
    switch side {
    case .client:
      configuration = .makeClientConfiguration()
      configuration.certificateChain = chain.map { .certificate($0) }
      configuration.privateKey = .privateKey(key)
      configuration.trustRoots = trust
    case .server:
      configuration = .makeServerConfigurationWithMTLS(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key), trustRoots: trust)
    }
    // Older ones are forbidden (section 8.1).
    configuration.minimumTLSVersion = .tlsv12
    // Frames say how long they are, so nothing hangs on an orderly end; a device with few connections must not be
    // kept waiting for one.
    configuration.shutdownTimeout = .milliseconds(200)
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      let why = WireFailure.words(ofTLS: error)
      throw .tls("\(certificate) and \(privateKey) cannot be used together: \(why)")
    }
  }

  private func certificates(_ path: String) throws(WireFailure) -> [NIOSSLCertificate] {
    let bytes = try Self.contents(of: path)
    let found = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
    guard !found.isEmpty else { throw .tls("there is no certificate in PEM in \(path)") }
    return found
  }

  private static let largestFile = 1 << 20

  private static func contents(of path: String) throws(WireFailure) -> [UInt8] {
    func failure(_ code: CInt) -> WireFailure {
      .tls("\(path): \(strerror(code).map { String(cString: $0) } ?? "error \(code)")")
    }
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(errno) }
    defer { close(file) }
    var contents: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16384)
    while contents.count <= largestFile {
      let count = read(file, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(errno) }
      guard count > 0 else { return contents }
      contents += chunk[..<count]
    }
    throw .tls("\(path) is larger than 1 MB")
  }
}
