import Foundation
import HummingbirdCore
import NIOCore
import Synchronization

/// Writes a body in pieces and closes the connection when the reader takes longer than `patience` for one, or for a
/// body of known length much longer than a slow line needs: a reader that stops, or reads a byte now and then, costs
/// one body and the socket's buffers, for a bounded time.
struct PatientWriter {
  /// Bytes handed to the connection at once.
  static let piece = 16 * 1024
  /// Bytes after which the connection is given its turn.
  private static let stretch = 64 * 1024

  /// Bytes a second that a reader of a whole body must take on average, beside its patience.
  static let leastRate = 16 * 1024

  private let channel: any Channel
  private let patience: TimeAmount
  private let deadline: NIODeadline

  /// - Parameter bytes: of the body; `nil`: it has no end.
  init(channel: any Channel, patience: TimeAmount, bytes: Int? = nil) {
    self.channel = channel
    self.patience = patience
    deadline = bytes.map { .now() + patience + .seconds(Int64($0 / Self.leastRate)) } ?? .distantFuture
  }

  /// When the connection is gone.
  var closed: EventLoopFuture<Void> { channel.closeFuture }

  /// Lets the kernel keep only so much for a reader that is behind: what it needs is the newest state, not what is
  /// old by the time it comes.
  func limitBacklog(bytes: Int) async {
    try? await channel.setOption(.socketOption(.so_sndbuf), value: SocketOptionValue(bytes)).get()
  }

  func write(_ bytes: [UInt8], to writer: inout any ResponseBodyWriter) async throws {
    var start = 0
    while start < bytes.count {
      // The reader is gone, perhaps with the whole server and its event loop.
      guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
      let end = min(bytes.count, start + Self.piece)
      let timer = dropLater()
      defer { timer.cancel() }
      try await writer.write(ByteBuffer(bytes: bytes[start..<end]))
      // What is written is handed to the event loop, which finds out that the reader does not take it only when it has its
      // turn: without waiting for that now and then, a whole body would be in memory once more before it has.
      if end / Self.stretch > start / Self.stretch {
        try await channel.eventLoop.submit {}.get()
      }
      start = end
    }
  }

  func finish(_ writer: consuming any ResponseBodyWriter) async throws {
    guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
    let timer = dropLater()
    defer { timer.cancel() }
    try await writer.finish(nil)
  }

  private func dropLater() -> Scheduled<Void> {
    channel.eventLoop.scheduleTask(deadline: min(.now() + patience, deadline)) { [channel] in
      channel.drop()
    }
  }
}

extension Channel {
  /// Closes with a reset: an orderly end would wait in the kernel behind what the reader does not take.
  func drop() {
    guard let options = self as? any SocketOptionProvider else { return close(promise: nil) }
    options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in self.close(promise: nil) }
  }
}

/// A number of places; each is free again when its `Seat` is gone.
final class Seats: Sendable {
  private let most: Int
  private let taken = Mutex(0)

  init(_ most: Int) { self.most = most }

  final class Seat: Sendable {
    private let seats: Seats
    fileprivate init(_ seats: Seats) { self.seats = seats }
    deinit { seats.taken.withLock { $0 -= 1 } }
  }

  /// `nil`: all are taken.
  func take() -> Seat? {
    let got = taken.withLock { taken in
      guard taken < most else { return false }
      taken += 1
      return true
    }
    return got ? Seat(self) : nil
  }
}
