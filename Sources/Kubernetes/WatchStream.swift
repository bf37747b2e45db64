/// The events of a watch, one at a time. Errors thrown are `ClientError`s.
public struct WatchStream<Object: KubernetesObject>: AsyncSequence, Sendable {
  public typealias Element = WatchEvent<Object>

  let lines: LineStream
  let target: String
  let limits: JSONValue.Limits
  let server: String

  public func makeAsyncIterator() -> Iterator {
    Iterator(lines: lines.makeAsyncIterator(), target: target, limits: limits, server: server)
  }

  public struct Iterator: AsyncIteratorProtocol {
    var lines: LineStream.Iterator
    let target: String
    let limits: JSONValue.Limits
    let server: String

    public mutating func next() async throws -> WatchEvent<Object>? {
      while let line = try await lines.next() {
        do throws(WatchLineError) {
          if let event = try WatchEvent<Object>(line: line, target: target, limits: limits) { return event }
        } catch {
          throw ClientError.transport(TransportFailure(.malformed, server: server, message: error.message))
        }
      }
      return nil
    }
  }
}
