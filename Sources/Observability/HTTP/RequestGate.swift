import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Sees to it that a request arrives in time as a whole, and that it has no body: a connection that sends a byte now
/// and then is never idle, and a hundred of them would be all there are.
///
/// A request with a body is passed on without it, to be refused, and is the last one of its connection.
///
/// And that an answer is taken in time: what has been written and not been taken is watched until it is, also after the
/// answer's end. (`PatientWriter` watches what waits to be written; that may be nothing, when all of it found room.)
final class RequestGate: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// What is left of a refused body may come so long, lest the answer be lost with the connection.
  private static let farewell: TimeAmount = .seconds(2)

  private let patience: TimeAmount
  private let idle: TimeAmount
  private let reader: TimeAmount
  private let connections: OpenConnections
  /// Parts and bytes that were written and not taken yet, and until when something must be taken.
  private var untakenParts = 0
  private var untakenBytes = 0
  private var progress: Scheduled<Void>?
  private var deadline: Scheduled<Void>?
  private var unanswered = 0
  private var isArriving = false
  private var isLast = false

  /// - Parameters:
  ///   - patience: how long the first request of a connection may take, and a later one from its head on.
  ///   - idle: how long after an answer the head of the next request must be there.
  ///   - reader: how long nothing of an answer may be taken; all of it, at a slow line's pace, so much later.
  ///   - connections: where this one is listed while it is open.
  init(patience: Duration, idle: Duration, reader: Duration, connections: OpenConnections = OpenConnections())
  {
    self.connections = connections
    self.patience = TimeAmount(patience)
    self.reader = TimeAmount(reader)
    self.idle = TimeAmount(idle)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    connections.enter(context.channel)
    if context.channel.isActive { wait(patience, context) }
  }

  func channelActive(context: ChannelHandlerContext) {
    wait(patience, context)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    connections.leave(context.channel)
    cancelAll()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    connections.leave(context.channel)
    cancelAll()
  }

  private func cancelAll() {
    for timer in [deadline, progress] { timer?.cancel() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isLast else { return }
    switch unwrapInboundIn(data) {
    case .head(var head):
      unanswered += 1
      guard !head.announcesBody else {
        isLast = true
        connections.answers(context.channel)
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
      connections.answers(context.channel)
      deadline?.cancel()
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    var part = unwrapOutboundIn(data)
    var bytes = 0
    switch part {
    case .head(var head) where isLast && unanswered == 1 && head.status.kind != .informational:
      head.headerFields[.connection] = "close"
      part = .head(head)
    case .body(let body): bytes = body.readableBytes
    default: break
    }
    let taken = promise ?? context.eventLoop.makePromise()
    untakenParts += 1
    untakenBytes += bytes
    if untakenParts == 1 { awaitProgress(context) }
    taken.futureResult.assumeIsolated().whenComplete { [self] _ in
      untakenParts -= 1
      untakenBytes -= bytes
      awaitProgress(context)
    }
    if case .end = part {
      unanswered -= 1
      // All of it, and not only something now and then. Another answer may follow: each has a time of its own.
      let channel = context.channel
      let rest = context.eventLoop.scheduleTask(in: Self.time(for: untakenBytes, patience: reader)) {
        channel.drop()
      }
      taken.futureResult.assumeIsolated().whenComplete { [self] _ in
        rest.cancel()
        ended(context)
      }
    }
    context.write(wrapOutboundOut(part), promise: taken)
  }

  /// An answer has been taken as a whole.
  private func ended(_ context: ChannelHandlerContext) {
    guard context.channel.isActive, unanswered == 0 else { return }
    if isLast {
      wait(Self.farewell, context)
    } else if !isArriving {
      connections.waits(context.channel)
      wait(idle, context)
    }
  }

  /// From the last time that something was taken.
  private func awaitProgress(_ context: ChannelHandlerContext) {
    progress?.cancel()
    guard untakenParts > 0, context.channel.isActive else { return }
    let channel = context.channel
    progress = context.eventLoop.scheduleTask(in: reader) { channel.drop() }
  }

  private static func time(for bytes: Int, patience: TimeAmount) -> TimeAmount {
    patience + .seconds(Int64(bytes / PatientWriter.leastRate))
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
