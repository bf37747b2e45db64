import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// The validating admission webhook: HTTPS, `POST /validate`, and `GET /healthz`.
public final class WebhookServer: Sendable {
  /// Larger requests are refused. The API server itself takes objects of 1.5 MB; two of them come at once.
  static let maxBody = 8 << 20
  static let maxConnections = 256

  /// How long things may take.
  struct Patience: Sendable {
    /// From the connection, or the head of a later request, until the whole request is there. The API server itself
    /// waits 30 s at most.
    var request: TimeAmount = .seconds(30)
    /// From an answer until the head of the next request.
    var idle: TimeAmount = .seconds(120)
  }

  private let host: String
  private let port: Int
  private let certificates: WebhookCertificates
  private let logger: Logger
  private let onVerdict: @Sendable (AdmissionReview.Verdict) -> Void
  private let patience: Patience

  /// - Parameters:
  ///   - port: 0: any free port, told by `run`.
  ///   - onVerdict: told each answer, on a thread of the server.
  public convenience init(
    host: String, port: Int, certificates: WebhookCertificates, logger: Logger,
    onVerdict: @escaping @Sendable (AdmissionReview.Verdict) -> Void = { _ in }
  ) {
    self.init(
      host: host, port: port, certificates: certificates, logger: logger, patience: Patience(),
      onVerdict: onVerdict)
  }

  init(
    host: String, port: Int, certificates: WebhookCertificates, logger: Logger, patience: Patience,
    onVerdict: @escaping @Sendable (AdmissionReview.Verdict) -> Void = { _ in }
  ) {
    self.patience = patience
    self.host = host
    self.port = port
    self.certificates = certificates
    self.logger = logger
    self.onVerdict = onVerdict
  }

  /// Serves until the task is cancelled. Throws when the address cannot be had.
  public func run(onListening: @Sendable (Int) -> Void = { _ in }) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let open = Counter()
    let (certificates, logger, patience, onVerdict) = (certificates, logger, patience, onVerdict)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard open.enter(Self.maxConnections) else { return channel.close() }
        channel.closeFuture.whenComplete { _ in open.leave() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context()))
          try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
          try pipeline.addHandler(WebhookHandler(patience: patience, logger: logger, onVerdict: onVerdict))
        }
      }
    do {
      let channel = try await bootstrap.bind(host: host, port: port).get()
      onListening(channel.localAddress?.port ?? 0)
      try await withTaskCancellationHandler {
        try await channel.closeFuture.get()
      } onCancel: {
        channel.close(promise: nil)
      }
    } catch {
      try? await group.shutdownGracefully()
      throw error
    }
    try? await group.shutdownGracefully()
  }

  private final class Counter: Sendable {
    private let count = Mutex(0)

    func enter(_ limit: Int) -> Bool {
      count.withLock { count in
        guard count < limit else { return false }
        count += 1
        return true
      }
    }

    func leave() { count.withLock { $0 -= 1 } }
  }
}
