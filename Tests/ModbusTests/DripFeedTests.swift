import NIOCore
import NIOPosix
import Testing

@testable import Modbus

/// What comes in pieces is decoded as what comes at once, and no beginning is taken for a whole.
@Suite struct DripFeedTests {
  @Test func noBeginningOfAPDUIsOne() throws {
    try withSeeds(400) { random, seed in
      let request = random.request()
      var whole = ByteBuffer()
      try request.write(to: &whole)
      var answer = ByteBuffer()
      try random.response(to: request).write(to: &answer)
      for length in 0..<whole.readableBytes {
        let beginning = try #require(whole.getSlice(at: 0, length: length))
        #expect(throws: RequestFault.self, seed) { try ModbusRequest(pdu: beginning) }
      }
      for length in 0..<answer.readableBytes {
        let beginning = try #require(answer.getSlice(at: 0, length: length))
        #expect(throws: ResponseFault.self, seed) { try ModbusResponse(pdu: beginning) }
        #expect(throws: RequestFailure.self, seed) { try ModbusResponse.answer(beginning, to: request) }
      }
      #expect(throws: Never.self, seed) { try ModbusResponse.answer(answer, to: request) }
    }
  }

  /// A server gives the same answers to requests that come a byte at a time, and to many in one segment.
  @Test(arguments: ModbusFraming.allCases) func serverInPieces(_ framing: ModbusFraming) async throws {
    let requests: [ModbusRequest] = [
      .writeMultipleRegisters(address: 3, values: [1, 2, 3]), .readHoldingRegisters(address: 2, count: 5),
      .writeSingleCoil(address: 1, value: true), .readCoils(address: 0, count: 11),
      .maskWriteRegister(address: 3, and: 0xF0, or: 0x0F),
      .readWriteMultipleRegisters(readAddress: 3, readCount: 2, writeAddress: 4, values: [9]),
      .writeMultipleCoils(address: 5, values: [true, false, true]),
    ]
    var bytes = ByteBuffer()
    for (index, request) in requests.enumerated() {
      try framing.write(transactionId: UInt16(index), unitId: 1, to: &bytes) {
        (out: inout ByteBuffer) throws(RequestFault) in try request.write(to: &out)
      }
    }
    let whole = try await answers(framing, to: bytes, pieces: bytes.readableBytes, count: requests.count)
    for size in [1, 3, 8] {
      let dripped = try await answers(framing, to: bytes, pieces: size, count: requests.count)
      #expect(dripped == whole)
    }
  }

  /// Every frame that a fresh server sends back.
  private func answers(
    _ framing: ModbusFraming, to bytes: ByteBuffer, pieces: Int, count: Int
  ) async throws -> [ModbusFrame] {
    let device = try await TestServer.start(framing)
    let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(Collector(continuation))
        }
      }
      .connect(host: "127.0.0.1", port: device.server.port).get()
    var rest = bytes
    while let piece = rest.readSlice(length: min(pieces, rest.readableBytes)), piece.readableBytes > 0 {
      try await channel.writeAndFlush(piece)
      if pieces < 8 { try await Task.sleep(for: .microseconds(200)) }
    }
    var received = ByteBuffer()
    var frames: [ModbusFrame] = []
    for await piece in stream {
      received.writeImmutableBuffer(piece)
      while let frame = try framing.read(.response, from: &received) { frames.append(frame) }
      if frames.count >= count { break }
    }
    #expect(frames.count == count && received.readableBytes == 0)
    try await channel.close()
    try await device.server.close()
    return frames
  }
}

private final class Collector: ChannelInboundHandler, Sendable {
  typealias InboundIn = ByteBuffer
  private let continuation: AsyncStream<ByteBuffer>.Continuation

  init(_ continuation: AsyncStream<ByteBuffer>.Continuation) { self.continuation = continuation }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }

  func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
}
