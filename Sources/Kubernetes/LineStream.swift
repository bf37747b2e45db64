import AsyncHTTPClient
import NIOCore

/// The lines of a response, one at a time. Errors thrown are `ClientError`s. Letting go of the iterator
/// closes the connection.
public struct LineStream: AsyncSequence, Sendable {
  public typealias Element = [UInt8]

  private let body: HTTPClientResponse.Body
  private let limit: Int
  private let transport: HTTPTransport

  init(_ body: HTTPClientResponse.Body, limit: Int, transport: HTTPTransport) {
    self.body = body
    self.limit = limit
    self.transport = transport
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(body: body.makeAsyncIterator(), splitter: LineSplitter(limit: limit), transport: transport)
  }

  public struct Iterator: AsyncIteratorProtocol {
    private var body: HTTPClientResponse.Body.AsyncIterator
    private var splitter: LineSplitter
    private let transport: HTTPTransport
    /// Complete lines of the last chunk, newest first.
    private var ready: [[UInt8]] = []

    fileprivate init(
      body: HTTPClientResponse.Body.AsyncIterator, splitter: LineSplitter, transport: HTTPTransport
    ) {
      self.body = body
      self.splitter = splitter
      self.transport = transport
    }

    public mutating func next() async throws -> [UInt8]? {
      try await fill()
      return ready.popLast()
    }

    /// The lines that have come and were not taken yet, at least one, in their order; `nil` at the end. For those who
    /// have more to do for a group of lines than for each.
    public mutating func nextGroup() async throws -> [[UInt8]]? {
      try await fill()
      defer { ready = [] }
      return ready.isEmpty ? nil : ready.reversed()
    }

    /// Waits until there is a line, or the end.
    private mutating func fill() async throws {
      do {
        while ready.isEmpty {
          guard let chunk = try await body.next() else {
            guard !splitter.hasPartialLine else {
              let message = "the stream ended inside a line"
              throw ClientError.transport(
                TransportFailure(.broken, server: transport.server, message: message))
            }
            return
          }
          var lines: [[UInt8]] = []
          try splitter.feed(chunk.readableBytesView) { lines.append($0) }
          ready = lines.reversed()
        }
      } catch let error as ClientError {
        throw error
      } catch {
        throw ClientError.transport(transport.failure(error))
      }
    }
  }
}
