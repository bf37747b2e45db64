import Foundation
import NIOSSL
import Synchronization

/// The webhook's certificate and key, read again when their files change: a rotated certificate is presented to the
/// next connection, without a restart. Files that cannot be used leave the last good ones in force.
public final class WebhookCertificates: Sendable {
  public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
  }

  /// What tells one version of the files from another; a mounted Secret is swapped by a symbolic link.
  private struct Stamp: Hashable, Sendable {
    var parts: [Int64]
  }

  private struct State: Sendable {
    var context: NIOSSLContext
    var stamp: Stamp
    var refused: Stamp?
  }

  private let chain: String
  private let key: String
  private let state: Mutex<State>
  private let report: @Sendable (String) -> Void

  /// - Parameters:
  ///   - chain: PEM, the server's own certificate first.
  ///   - key: PEM.
  ///   - report: told when the files have changed, and when they cannot be used.
  public init(chain: String, key: String, report: @escaping @Sendable (String) -> Void) throws(Problem) {
    self.chain = chain
    self.key = key
    self.report = report
    let stamp = Self.stamp(chain, key)
    state = Mutex(State(context: try Self.load(chain, key), stamp: stamp))
  }

  /// For the next connection.
  func context() -> NIOSSLContext {
    let stamp = Self.stamp(chain, key)
    return state.withLock { state in
      guard stamp != state.stamp, stamp != state.refused else { return state.context }
      do throws(Problem) {
        state.context = try Self.load(chain, key)
        state.stamp = stamp
        state.refused = nil
        report("the certificate has changed: \(chain)")
      } catch {
        // The two files are not always replaced at the same instant: the next connection looks again.
        state.refused = stamp
        report("the certificate has changed and cannot be used, the old one stays: \(error)")
      }
      return state.context
    }
  }

  private static func stamp(_ paths: String...) -> Stamp {
    Stamp(
      parts: paths.flatMap { path -> [Int64] in
        var info = stat()
        guard stat(path, &info) == 0 else { return [-1] }
        return [
          Int64(info.st_ino), Int64(info.st_size), Int64(info.st_mtim.tv_sec), Int64(info.st_mtim.tv_nsec),
        ]
      })
  }

  private static func load(_ chain: String, _ key: String) throws(Problem) -> NIOSSLContext {
    do {
      let certificates = try NIOSSLCertificate.fromPEMFile(chain)
      guard !certificates.isEmpty else { throw Problem(description: "\(chain) holds no certificate") }
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: certificates.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
      configuration.minimumTLSVersion = .tlsv12
      configuration.applicationProtocols = ["http/1.1"]
      return try NIOSSLContext(configuration: configuration)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(description: "\(chain) and \(key): \(error)")
    }
  }
}
