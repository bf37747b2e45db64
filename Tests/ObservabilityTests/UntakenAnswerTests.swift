import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Observability

/// What has been written and is not taken is watched, wherever it waits. In an embedded channel it waits until a flush.
@Suite struct UntakenAnswerTests {
  /// A reader that takes one part when it is told to.
  private final class Valve: ChannelOutboundHandler {
    typealias OutboundIn = HTTPResponsePart
    private var waiting: [EventLoopPromise<Void>?] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
      waiting.append(promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
      for promise in waiting { promise?.fail(ChannelError.ioOnClosedChannel) }
      waiting = []
      context.close(mode: mode, promise: promise)
    }

    func take() {
      if !waiting.isEmpty { waiting.removeFirst()?.succeed() }
    }
  }

  private func channel(_ valve: Valve? = nil) throws -> EmbeddedChannel {
    let gate = RequestGate(patience: .seconds(10), idle: .seconds(60), reader: .seconds(30))
    let channel = EmbeddedChannel(handlers: valve.map { [$0, gate] } ?? [gate])
    try channel.connect(to: .init(unixDomainSocketPath: "/x")).wait()
    try channel.writeInbound(
      HTTPRequestPart.head(.init(method: .get, scheme: "http", authority: "a", path: "/")))
    try channel.writeInbound(HTTPRequestPart.end(nil))
    return channel
  }

  private func answer(_ channel: EmbeddedChannel, bytes: Int) {
    channel.write(HTTPResponsePart.head(.init(status: .ok)), promise: nil)
    channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: bytes)), promise: nil)
    channel.write(HTTPResponsePart.end(nil), promise: nil)
  }

  @Test func anAnswerOfWhichNothingIsTakenEndsTheConnection() throws {
    let channel = try channel()
    answer(channel, bytes: 10_000_000)
    channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test func oneThatIsTakenMakesRoomForTheNextRequest() throws {
    let channel = try channel()
    answer(channel, bytes: 10_000_000)
    channel.embeddedEventLoop.advanceTime(by: .seconds(29))
    channel.flush()
    channel.embeddedEventLoop.advanceTime(by: .seconds(59))
    #expect(channel.isActive, "the next request may take so long")
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test func aPartNowAndThenIsNotEnough() throws {
    let valve = Valve()
    let channel = try channel(valve)
    channel.write(HTTPResponsePart.head(.init(status: .ok)), promise: nil)
    // Ten seconds' worth at a slow line's pace, beside the patience of thirty.
    for _ in 0..<10 {
      channel.write(
        HTTPResponsePart.body(ByteBuffer(repeating: 0, count: PatientWriter.leastRate)), promise: nil)
    }
    channel.write(HTTPResponsePart.end(nil), promise: nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(20))
    valve.take()
    channel.embeddedEventLoop.advanceTime(by: .seconds(19))
    #expect(channel.isActive)
    channel.embeddedEventLoop.advanceTime(by: .seconds(2))
    #expect(!channel.isActive)
  }

  @Test func theTimeOfAnAnswerIsNotThatOfTheNext() throws {
    let valve = Valve()
    let channel = try channel(valve)
    answer(channel, bytes: 16)
    try channel.writeInbound(
      HTTPRequestPart.head(.init(method: .get, scheme: "http", authority: "a", path: "/")))
    try channel.writeInbound(HTTPRequestPart.end(nil))
    // The second, without an end, begins before the first has been taken.
    channel.write(HTTPResponsePart.head(.init(status: .ok)), promise: nil)
    for _ in 0..<3 { valve.take() }
    for second in stride(from: 20, to: 200, by: 20) {
      channel.embeddedEventLoop.advanceTime(by: .seconds(20))
      channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 16)), promise: nil)
      valve.take()
      #expect(channel.isActive, "after \(second) s")
    }
  }
}
