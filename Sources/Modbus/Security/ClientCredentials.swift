import NIOCore
import NIOSSL

/// Our credentials for devices behind Modbus/TCP Security: one folder of `CredentialFiles` for each name. Files that
/// change are used from the next connection on. Confined to its event loop.
public final class ClientCredentials {
  private let directory: String
  private let eventLoop: any EventLoop
  private var contexts: [String: CredentialContext] = [:]
  /// Told when changed files cannot be used, in one line.
  public var onProblem: ((String) -> Void)?

  public init(directory: String, on eventLoop: any EventLoop) {
    self.directory = directory
    self.eventLoop = eventLoop
  }

  /// A name is one folder, never a way out of the directory.
  static func isName(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.count <= 253 && name.first != "."
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }

  func context(_ name: String) -> EventLoopFuture<NIOSSLContext> {
    guard Self.isName(name) else {
      return eventLoop.makeFailedFuture(WireFailure.tls("'\(name)' is not a name of credentials"))
    }
    if let known = contexts[name] { return known.get() }
    let context = CredentialContext(
      CredentialFiles(directory: directory + "/" + name), .client, on: eventLoop)
    context.onProblem = { [weak self] problem in self?.onProblem?(problem) }
    contexts[name] = context
    return context.get()
  }
}
