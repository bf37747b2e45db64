import Control
import NIOEmbedded
import Testing

@testable import Observability

@Suite struct OpenConnectionsTests {
  @Test func closesWhatIsOpenAndWhatComesLater() throws {
    let connections = OpenConnections()
    func connect() throws -> EmbeddedChannel {
      let channel = EmbeddedChannel(
        handler: RequestGate(
          patience: .seconds(10), idle: .seconds(60), reader: .seconds(30), connections: connections))
      try channel.connect(to: .init(ipAddress: "127.0.0.1", port: 1)).wait()
      return channel
    }
    let (open, ended) = (try connect(), try connect())
    try ended.close().wait()
    #expect(open.isActive)
    connections.close()
    #expect(!open.isActive)
    let late = EmbeddedChannel()
    try late.connect(to: .init(ipAddress: "127.0.0.1", port: 1)).wait()
    connections.enter(late)
    #expect(!late.isActive)
  }

  @Test func thoseThatWaitedLongestMakeRoom() throws {
    let connections = OpenConnections(seats: 3)
    let loop = EmbeddedEventLoop()
    func connect() throws -> EmbeddedChannel {
      let channel = EmbeddedChannel(loop: loop)
      try channel.connect(to: .init(ipAddress: "127.0.0.1", port: 1)).wait()
      connections.enter(channel)
      return channel
    }
    func open(_ channels: [EmbeddedChannel]) -> [Bool] { channels.map(\.isActive) }
    var channels = try (0..<3).map { _ in try connect() }
    connections.answers(channels[0])
    loop.advanceTime(by: .milliseconds(600))
    connections.answers(channels[1])
    connections.waits(channels[1])
    // Nobody has waited for a second; then one has. The first is being answered.
    channels += try (0..<2).map { _ in try connect() }
    loop.advanceTime(by: .milliseconds(300))
    #expect(open(channels) == [true, true, true, true, true])
    loop.advanceTime(by: .milliseconds(700))
    #expect(open(channels) == [true, false, false, true, true])
    // With room for all, nobody has to go.
    loop.advanceTime(by: .seconds(3600))
    #expect(open(channels) == [true, false, false, true, true])
    channels.append(try connect())
    #expect(open(channels).filter { $0 }.count == 3 && channels[5].isActive)
  }

  @Test func datesAreThoseOfRFC9110() {
    let stamp = DateStamp()
    func text(_ second: Int64) -> String { stamp.text(at: WallTime(milliseconds: second * 1000 + 999)) }
    #expect(text(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(text(784_111_778) == "Sun, 06 Nov 1994 08:49:38 GMT")
    #expect(text(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
    #expect(text(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
  }
}
