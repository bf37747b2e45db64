/// A line of a stream grew past the limit.
public struct LineTooLong: Error, Hashable, Sendable, CustomStringConvertible {
  public var limit: Int
  public var description: String { "a line is longer than \(limit) bytes" }
}

/// Cuts a stream of bytes into lines, however the bytes arrive.
///
/// Holds at most one unfinished line of at most `limit` bytes. Empty lines are skipped; `\r\n` ends a line as
/// `\n` does.
public struct LineSplitter: Sendable {
  public let limit: Int
  private var partial: [UInt8] = []

  public init(limit: Int) { self.limit = limit }

  /// True when the stream so far ends inside a line: a stream that ends now was cut.
  public var hasPartialLine: Bool { !partial.isEmpty }

  /// Takes the next bytes and hands each line that they complete to `body`.
  ///
  /// Throws `LineTooLong` as soon as a line is known to be too long, before it is complete, and whatever
  /// `body` throws; the splitter is of no further use then.
  public mutating func feed(_ bytes: some Collection<UInt8>, _ body: ([UInt8]) throws -> Void) throws {
    var rest = bytes[...]
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      let piece = rest[..<end]
      guard partial.count + piece.count <= limit else { throw LineTooLong(limit: limit) }
      var line = partial
      line.append(contentsOf: piece)
      partial.removeAll()
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      if !line.isEmpty { try body(line) }
      rest = rest[rest.index(after: end)...]
    }
    guard partial.count + rest.count <= limit else { throw LineTooLong(limit: limit) }
    partial.append(contentsOf: rest)
  }
}
