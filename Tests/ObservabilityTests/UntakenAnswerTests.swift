import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import Observability

/// What has been written and is not taken is watched, wherever it waits. In an embedded channel it waits until a flush.
@Suite struct UntakenAnswerTests {
  private func channel() throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(
      handler: RequestGate(patience: .seconds(10), idle: .seconds(60), reader: .seconds(30)))
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

  @Test func aPartNowAndThenIsNotEnoughInTheEnd() throws {
    let channel = try channel()
    channel.write(HTTPResponsePart.head(.init(status: .ok)), promise: nil)
    var seconds = 0
    // A part every twenty seconds while the answer goes on: it is taken.
    for _ in 0..<10 {
      channel.write(HTTPResponsePart.body(ByteBuffer(repeating: 0, count: 16)), promise: nil)
      channel.embeddedEventLoop.advanceTime(by: .seconds(20))
      channel.flush()
      seconds += 20
      #expect(channel.isActive, "after \(seconds) s")
    }
    channel.write(HTTPResponsePart.end(nil), promise: nil)
    channel.embeddedEventLoop.advanceTime(by: .seconds(31))
    #expect(!channel.isActive)
  }
}
