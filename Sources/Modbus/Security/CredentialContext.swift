import NIOCore
import NIOPosix
import NIOSSL

/// What one set of credential files becomes, made anew when the files have changed. Confined to its event loop; the
/// files are read on a thread for that.
final class CredentialContext {
  private let files: CredentialFiles
  private let side: CredentialFiles.Side
  private let eventLoop: any EventLoop
  private var current: Loaded?
  private var loading: EventLoopFuture<NIOSSLContext>?
  /// Told why changed files could not be used, once for each reason; the last good ones stay in use.
  var onProblem: ((String) -> Void)?
  private var lastProblem: WireFailure?

  private struct Loaded {
    var fingerprint: CredentialFiles.Fingerprint
    var context: NIOSSLContext
  }

  private enum Look: Sendable {
    case same
    case fresh(CredentialFiles.Fingerprint, NIOSSLContext)
    case failed(WireFailure)
  }

  init(_ files: CredentialFiles, _ side: CredentialFiles.Side, on eventLoop: any EventLoop) {
    self.files = files
    self.side = side
    self.eventLoop = eventLoop
  }

  /// The context for a connection that is made now. Those that are made already keep theirs.
  ///
  /// Fails with `WireFailure.tls` when there never was a good one.
  func get() -> EventLoopFuture<NIOSSLContext> {
    if let loading { return loading }
    let look = NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
      [files, side, known = current?.fingerprint] () -> Look in
      let fingerprint = CredentialFiles.Fingerprint(files)
      if fingerprint == known { return .same }
      do throws(WireFailure) {
        return .fresh(fingerprint, try files.context(side))
      } catch {
        return .failed(error)
      }
    }
    let result = look.assumeIsolated().flatMapThrowing { [self] look in
      loading = nil
      return try take(look)
    }.nonisolated()
    loading = result
    return result
  }

  private func take(_ look: Look) throws -> NIOSSLContext {
    switch look {
    case .fresh(let fingerprint, let context):
      current = Loaded(fingerprint: fingerprint, context: context)
      lastProblem = nil
      return context
    case .same:
      guard let current else { throw WireFailure.tls("no credentials") }
      return current.context
    case .failed(let failure):
      // Half of a rotation, most likely: the next connection looks again.
      guard let current else { throw failure }
      if failure != lastProblem { onProblem?("\(failure); the credentials loaded before stay in use") }
      lastProblem = failure
      return current.context
    }
  }
}
