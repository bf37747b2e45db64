import Kubernetes
import Logging
import NIOCore
import NIOHTTP1

/// One connection: a request at a time.
final class WebhookHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let patience: WebhookServer.Patience
  private let logger: Logger
  private let onVerdict: @Sendable (AdmissionReview.Verdict) -> Void
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []
  private var isTooLarge = false
  /// Answered before its end: nothing more is read.
  private var isRefused = false
  private var deadline: Scheduled<Void>?

  init(
    patience: WebhookServer.Patience, logger: Logger,
    onVerdict: @escaping @Sendable (AdmissionReview.Verdict) -> Void
  ) {
    self.patience = patience
    self.logger = logger
    self.onVerdict = onVerdict
  }

  func handlerAdded(context: ChannelHandlerContext) { wait(patience.request, context) }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  /// A connection that sends a byte now and then is never idle: what counts is the whole.
  private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body.removeAll()
      isTooLarge = false
      wait(patience.request, context)
      if Self.hasUnwantedBody(head) {
        isRefused = true
        self.head = nil
        let (status, answer) = answer(head)
        send(status, answer, head, isLast: true, context)
      }
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
      send(status, answer, head, isLast: !head.isKeepAlive, context)
      // From now, not from when it is read: a peer that does not read keeps nothing.
      if head.isKeepAlive { wait(patience.idle, context) }
    }
  }

  /// A body that nobody will read, or one that says itself to be too large.
  private static func hasUnwantedBody(_ head: HTTPRequestHead) -> Bool {
    let length = head.headers.first(name: "content-length")
    guard head.headers.contains(name: "transfer-encoding") || length.map({ $0 != "0" }) ?? false else {
      return false
    }
    guard head.method == .POST, head.path == "/validate" else { return true }
    return length.flatMap { Int($0) }.map { $0 > WebhookServer.maxBody } ?? false
  }

  private func answer(_ head: HTTPRequestHead) -> (HTTPResponseStatus, JSONValue) {
    let path = head.path
    if path == "/healthz", head.method == .GET { return (.ok, ["status": "ok"]) }
    guard path == "/validate" else { return (.notFound, ["error": "there is nothing here"]) }
    guard head.method == .POST else { return (.methodNotAllowed, ["error": "POST only"]) }
    guard !isTooLarge, !isRefused else { return (.payloadTooLarge, ["error": "the request is too large"]) }
    do {
      let verdict = try AdmissionReview.judge(try JSONValue(parsing: body))
      onVerdict(verdict)
      return (.ok, verdict.answer)
    } catch {
      return (.badRequest, ["error": .string("\(error)")])
    }
  }

  private func send(
    _ status: HTTPResponseStatus, _ answer: JSONValue, _ request: HTTPRequestHead, isLast: Bool,
    _ context: ChannelHandlerContext
  ) {
    let bytes = answer.serialized()
    var head = HTTPResponseHead(version: request.version, status: status)
    head.headers.add(name: "content-type", value: "application/json")
    head.headers.add(name: "content-length", value: String(bytes.count))
    if isLast { head.headers.add(name: "connection", value: "close") }
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
    let done = context.eventLoop.makePromise(of: Void.self)
    if isLast {
      let channel = context.channel
      done.futureResult.whenComplete { _ in channel.close(promise: nil) }
    }
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.debug("A connection to the webhook failed", metadata: ["error": "\(error)"])
    context.close(promise: nil)
  }
}

extension HTTPRequestHead {
  /// Without the query.
  fileprivate var path: Substring { uri.prefix { $0 != "?" } }
}
