import NIOCore

/// Frames in, the request handler's steps out. Lives in the pipeline of one accepted connection.
final class ServerChannelHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Requests of one connection that may wait behind a slow one before reading stops.
  private static let mostWaiting = 64

  let connection: ServerConnection
  private let handler: any ModbusRequestHandler
  /// Behind TLS a connection opens only when the handshake is done.
  private let isSecure: Bool
  private let onClose: (ServerConnection) -> Void
  private var context: ChannelHandlerContext?
  private(set) var state = State.opening
  /// Bytes of a frame that is not all there yet.
  private var partial = ByteBuffer()
  private var waiting = CircularBuffer<ModbusFrame>()
  /// A `wait` step is running: later requests queue.
  private var isBusy = false
  private var isAccepted = false
  private var readIsHeld = false
  private var isReading = false
  private var out = ByteBuffer()

  enum State {
    /// Not yet shown to the handler. To open or closed.
    case opening
    /// To closing or closed.
    case open
    /// Nothing more is answered. To closed.
    case closing
    case closed
  }

  init(
    connection: ServerConnection, handler: any ModbusRequestHandler, isSecure: Bool,
    onClose: @escaping (ServerConnection) -> Void
  ) {
    self.connection = connection
    self.handler = handler
    self.isSecure = isSecure
    self.onClose = onClose
    connection.channelHandler = self
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    connection.channelHandler = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    if isSecure { limitHandshake() } else { open() }
    context.fireChannelActive()
  }

  /// Shows the connection to the handler, once.
  func open() {
    guard case .opening = state else { return }
    state = .open
    isAccepted = true
    switch handler.connectionOpened(connection) {
    case .accept: break
    case .refuse: reject(.close)
    case .reset: reject(.reset)
    }
  }

  /// A connection that was not accepted ends without `connectionClosed`.
  private func reject(_ step: ServerStep) {
    isAccepted = false
    perform([step])
  }

  func channelInactive(context: ChannelHandlerContext) {
    state = .closed
    if isAccepted { handler.connectionClosed(connection) }
    waiting.removeAll()
    onClose(connection)
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if isSecure, case .opening = state { handler.connectionBroken(connection, by: WireFailure(error)) }
    context.close(promise: nil)
  }

  // MARK: Reading

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .open = state else { return }
    var bytes = unwrapInboundIn(data)
    isReading = true
    if partial.readableBytes > 0 {
      partial.writeBuffer(&bytes)
      bytes = partial
      partial = ByteBuffer()
    }
    do throws(WireFailure) {
      while case .open = state, let frame = try connection.framing.read(.request, from: &bytes) {
        if isBusy { waiting.append(frame) } else { answer(frame) }
      }
      if bytes.readableBytes > 0 { partial = bytes }
    } catch {
      handler.connectionBroken(connection, by: error)
      perform([.close])
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    isReading = false
    flush()
    context.fireChannelReadComplete()
  }

  func read(context: ChannelHandlerContext) {
    if waiting.count > Self.mostWaiting || !context.channel.isWritable {
      readIsHeld = true
    } else {
      context.read()
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    resumeReading()
    context.fireChannelWritabilityChanged()
  }

  private func resumeReading() {
    guard readIsHeld, let context, waiting.count <= Self.mostWaiting, context.channel.isWritable
    else { return }
    readIsHeld = false
    context.read()
  }

  private func answer(_ frame: ModbusFrame) {
    let action: ServerAction
    let function: UInt8
    var request: ServerRequest?
    do throws(RequestFault) {
      let decoded = ServerRequest(
        transactionId: frame.transactionId, unitId: frame.unitId,
        request: try ModbusRequest(pdu: frame.pdu), framing: connection.framing)
      request = decoded
      function = decoded.request.function.rawValue
      action = handler.handle(decoded, on: connection)
    } catch {
      function = frame.pdu.getInteger(at: frame.pdu.readerIndex) ?? 0
      action = handler.handleInvalid(error, function: function, unitId: frame.unitId, on: connection)
    }
    let answering = Answering(
      transactionId: frame.transactionId, unitId: frame.unitId, function: function, request: request)
    switch action {
    case .reply(let response): _ = perform(.reply(response), answering)
    case .exception(let exception): _ = perform(.exception(exception), answering)
    case .silence: break
    case .steps(let steps): perform(steps[...], answering, holdsQueue: true)
    }
  }

  // MARK: Steps

  /// Whose answer the steps are.
  private struct Answering {
    var transactionId: UInt16
    var unitId: UInt8
    var function: UInt8
    var request: ServerRequest?
  }

  /// Steps that answer nobody.
  func perform(_ steps: [ServerStep]) {
    perform(steps[...], Answering(transactionId: 0, unitId: 0, function: 0), holdsQueue: false)
    if !isReading { flush() }
  }

  private func perform(_ steps: ArraySlice<ServerStep>, _ answering: Answering, holdsQueue: Bool) {
    var steps = steps
    while let step = steps.popFirst() {
      if case .wait(let duration) = step {
        if holdsQueue { isBusy = true }
        flush()
        after(duration) { handler in handler.resume(steps, answering, holdsQueue: holdsQueue) }
        return
      }
      guard perform(step, answering) else { return }
    }
  }

  /// Does one step; false when the connection is over.
  private func perform(_ step: ServerStep, _ answering: Answering) -> Bool {
    guard case .open = state else { return false }
    switch step {
    case .reply(let response):
      if let request = answering.request { connection.framing.write(response, to: request, buffer: &out) }
    case .exception(let exception):
      guard answering.function != 0 else { break }
      connection.framing.write(
        exception, function: answering.function, answering.transactionId, answering.unitId, buffer: &out)
    case .frame(let pdu, let transactionId, let unitId):
      connection.framing.write(
        transactionId: transactionId ?? answering.transactionId, unitId: unitId ?? answering.unitId,
        to: &out
      ) { (buffer: inout ByteBuffer) in _ = buffer.writeBytes(pdu) }
    case .bytes(let bytes): out.writeBytes(bytes)
    case .wait: break
    case .later(let duration, let steps):
      after(duration) { handler in
        handler.perform(steps[...], answering, holdsQueue: false)
        handler.flush()
      }
    case .close:
      end { context in context.close(promise: nil) }
      return false
    case .reset:
      end { context in context.reset() }
      return false
    }
    return true
  }

  private func end(_ close: (ChannelHandlerContext) -> Void) {
    flush()
    state = .closing
    if let context { close(context) }
  }

  private func resume(_ steps: ArraySlice<ServerStep>, _ answering: Answering, holdsQueue: Bool) {
    if holdsQueue { isBusy = false }
    perform(steps, answering, holdsQueue: holdsQueue)
    while !isBusy, let frame = waiting.popFirst() { answer(frame) }
    flush()
    resumeReading()
  }

  private func after(_ duration: Duration, _ work: @escaping (ServerChannelHandler) -> Void) {
    connection.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
      guard let self, case .open = self.state else { return }
      work(self)
    }
  }

  private func flush() {
    guard out.readableBytes > 0, let context else { return }
    context.writeAndFlush(wrapOutboundOut(out), promise: nil)
    // Written at once in most cases, and then the storage is ours again.
    out.clear()
  }
}
