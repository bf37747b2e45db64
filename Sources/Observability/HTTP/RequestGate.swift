import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees to it that a request arrives in time as a whole, and that it has no body: a connection that sends a byte now
/// and then is never idle, and a hundred of them would be all there are.
///
/// A request with a body is passed on without it, to be refused, and is the last one of its connection.
final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// What is left of a refused body may come so long, lest the answer be lost with the connection.
  private static let farewell: TimeAmount = .seconds(2)

  private let patience: TimeAmount
  private let idle: TimeAmount
  private var deadline: Scheduled<Void>?
  private var unanswered = 0
  private var isArriving = false
  private var isLast = false

  /// - Parameters:
  ///   - patience: how long the first request of a connection may take, and a later one from its head on.
  ///   - idle: how long after an answer the head of the next request must be there.
  init(patience: Duration, idle: Duration) {
    self.patience = TimeAmount(patience)
    self.idle = TimeAmount(idle)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { wait(patience, context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    wait(patience, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    deadline?.cancel()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isLast else { return }
    switch unwrapInboundIn(data) {
    case .head(var head):
      unanswered += 1
      guard !head.announcesBody else {
        isLast = true
        wait(patience, context)
        head.headerFields[.connection] = "close"
        context.fireChannelRead(wrapInboundOut(.head(head)))
        return context.fireChannelRead(wrapInboundOut(.end(nil)))
      }
      isArriving = true
      wait(patience, context)
    case .body: break
    case .end:
      isArriving = false
      deadline?.cancel()
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(var head) where isLast && unanswered == 1 && head.status.kind != .informational:
      head.headerFields[.connection] = "close"
      return context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .end:
      unanswered -= 1
      if isLast {
        if unanswered == 0 { wait(Self.farewell, context) }
      } else if unanswered == 0, !isArriving {
        wait(idle, context)
      }
    default: break
    }
    context.write(data, promise: promise)
  }

  /// Until then; whatever was awaited before is no longer.
  private func wait(_ time: TimeAmount, _ context: ChannelHandlerContext) {
    deadline?.cancel()
    let channel = context.channel
    deadline = context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
  }
}

extension HTTPRequest {
  /// By its head; a length of 0 is no body.
  var announcesBody: Bool {
    headerFields[.transferEncoding] != nil || headerFields[.contentLength].map { $0 != "0" } ?? false
  }
}
