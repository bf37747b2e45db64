import Kubernetes
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

  private let host: String
  private let port: Int
  private let certificates: WebhookCertificates
  private let logger: Logger
  private let onVerdict: @Sendable (AdmissionReview.Verdict) -> Void

  /// - Parameters:
  ///   - port: 0: any free port, told by `run`.
  ///   - onVerdict: told each answer, on a thread of the server.
  public init(
    host: String, port: Int, certificates: WebhookCertificates, logger: Logger,
    onVerdict: @escaping @Sendable (AdmissionReview.Verdict) -> Void = { _ in }
  ) {
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
    let (certificates, logger, onVerdict) = (certificates, logger, onVerdict)
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        guard open.enter(Self.maxConnections) else { return channel.close() }
        channel.closeFuture.whenComplete { _ in open.leave() }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: certificates.context()))
          try pipeline.addHandler(IdleStateHandler(allTimeout: .seconds(120)))
          try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
          try pipeline.addHandler(WebhookHandler(logger: logger, onVerdict: onVerdict))
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

/// One connection: a request at a time.
private final class WebhookHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let logger: Logger
  private let onVerdict: @Sendable (AdmissionReview.Verdict) -> Void
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var isTooLarge = false

  init(logger: Logger, onVerdict: @escaping @Sendable (AdmissionReview.Verdict) -> Void) {
    self.logger = logger
    self.onVerdict = onVerdict
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.removeAll()
      isTooLarge = false
    case .body(let bytes):
      if body.count + bytes.readableBytes > WebhookServer.maxBody {
        isTooLarge = true
        body.removeAll()
      } else if !isTooLarge {
        body.append(contentsOf: bytes.readableBytesView)
      }
    case .end:
      guard let head else { return }
      self.head = nil
      let (status, answer) = answer(head)
      body.removeAll()
      send(status, answer, head, context)
    }
  }

  private func answer(_ head: HTTPRequestHead) -> (HTTPResponseStatus, JSONValue) {
    let path = head.uri.prefix { $0 != "?" }
    if path == "/healthz", head.method == .GET { return (.ok, ["status": "ok"]) }
    guard path == "/validate" else { return (.notFound, ["error": "there is nothing here"]) }
    guard head.method == .POST else { return (.methodNotAllowed, ["error": "POST only"]) }
    guard !isTooLarge else { return (.payloadTooLarge, ["error": "the request is too large"]) }
    do {
      let verdict = try AdmissionReview.judge(try JSONValue(parsing: body))
      onVerdict(verdict)
      return (.ok, verdict.answer)
    } catch {
      return (.badRequest, ["error": .string("\(error)")])
    }
  }

  private func send(
    _ status: HTTPResponseStatus, _ answer: JSONValue, _ request: HTTPRequestHead,
    _ context: ChannelHandlerContext
  ) {
    let bytes = answer.serialized()
    var head = HTTPResponseHead(version: request.version, status: status)
    head.headers.add(name: "content-type", value: "application/json")
    head.headers.add(name: "content-length", value: String(bytes.count))
    if !request.isKeepAlive { head.headers.add(name: "connection", value: "close") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    let done = context.eventLoop.makePromise(of: Void.self)
    if !request.isKeepAlive {
      let channel = context.channel
      done.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if event is IdleStateHandler.IdleStateEvent { return context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("A connection to the webhook failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }
}
