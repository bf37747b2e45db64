import Fleet
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

extension EndpointResponder {
  /// Bytes that the kernel keeps for one reader; Linux takes twice the number for its own bookkeeping.
  private static let backlog = 64 * 1024

  /// NDJSON until the reader goes away, stops reading, or the engine ends; with `follow=false` only what is now. With
  /// `brief=true` devices that were read and found as they were are told together.
  func stream(_ request: Request, _ context: EndpointContext) async throws(BadRequest) -> Response {
    var follow = true
    var brief = false
    for (name, value) in request.uri.queryParameters {
      guard name == "follow" || name == "brief" else {
        throw BadRequest(status: 400, message: "\(name.prefix(64)): unknown parameter")
      }
      guard let flag = Bool(String(value)) else {
        throw BadRequest(status: 400, message: "\(name): true or false")
      }
      if name == "follow" { follow = flag } else { brief = flag }
    }
    let headers: HTTPFields = [.contentType: "application/x-ndjson"]
    if request.method == .head { return Response(status: .ok, headers: headers) }
    let delta = StreamDelta(brief: brief)
    if !follow { return try await present(delta, context) }
    guard let seat = streams.take() else {
      throw BadRequest(status: 503, message: "too many streams: \(options.maxStreams) are open")
    }
    let patient = PatientWriter(channel: context.channel, patience: patience)
    let body = ResponseBody { [engine, options] writer in
      await patient.limitBacklog(bytes: Self.backlog)
      try await Self.follow(engine, options, delta, patient, &writer)
      withExtendedLifetime(seat) {}
      try await patient.finish(writer)
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  private func present(
    _ delta: StreamDelta, _ context: EndpointContext
  ) async throws(BadRequest) -> Response {
    guard let snapshot = await source.newest() else {
      throw BadRequest(status: 503, message: "the engine gave no state in time")
    }
    var delta = delta
    var bytes: [UInt8] = []
    await delta.lines(snapshot, piece: .max) { bytes += $0 }
    return try whole(bytes, "application/x-ndjson", context)
  }

  private static func follow(
    _ engine: any FleetEngine, _ options: ObservabilityOptions, _ delta: StreamDelta,
    _ patient: PatientWriter, _ writer: inout any ResponseBodyWriter
  ) async throws {
    // One place: while the reader is slow, the newest snapshot waits there and older ones are gone.
    let newest = Mailbox()
    let (wakes, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let snapshots = Task {
      for await snapshot in engine.snapshots() {
        newest.put(snapshot)
        bell.yield()
      }
      bell.finish()
    }
    let pings = Task {
      while !Task.isCancelled {
        try await Task.sleep(for: options.pingEvery)
        bell.yield()
      }
    }
    // A reader that is gone is seen when its connection closes, not only at the next line.
    patient.closed.whenComplete { _ in bell.finish() }
    defer {
      snapshots.cancel()
      pings.cancel()
    }
    var delta = delta
    for await _ in wakes {
      guard let snapshot = newest.take() else {
        try await patient.write(Array("{\"type\":\"ping\"}\n".utf8), to: &writer)
        continue
      }
      var target = writer
      try await delta.lines(snapshot, piece: PatientWriter.piece) { bytes in
        try await patient.write(bytes, to: &target)
      }
      writer = target
    }
  }
}

/// Holds the newest snapshot until it is taken.
private final class Mailbox: Sendable {
  private let content = Mutex<FleetSnapshot?>(nil)
  func put(_ snapshot: FleetSnapshot) { content.withLock { $0 = snapshot } }
  func take() -> FleetSnapshot? {
    content.withLock { content in
      defer { content = nil }
      return content
    }
  }
}
