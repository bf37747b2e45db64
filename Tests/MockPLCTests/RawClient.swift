import Foundation

/// A blocking socket, for what a well-behaved client never shows: single bytes, silence, resets.
final class RawClient {
  enum Failure: Error {
    case connect(Int32)
    case send(Int32)
    /// The peer sent RST.
    case reset
    /// Nothing came in time.
    case timeout
    case receive(Int32)
  }

  private let socket: Int32

  /// `patience`: how long a receive waits; far longer than anything takes, unless nothing is to come.
  init(port: Int, patience: Double = 30) throws {
    socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var time = timeval(tv_sec: Int(patience), tv_usec: Int((patience - patience.rounded(.down)) * 1_000_000))
    setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    var one: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Foundation.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure.connect(errno) }
  }

  deinit { close(socket) }

  func send(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure.send(errno) }
      sent += count
    }
  }

  /// What one receive gives; empty at the end of the stream.
  func receive(_ most: Int = 4096) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: most)
    let count = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
    guard count >= 0 else {
      switch errno {
      case ECONNRESET: throw Failure.reset
      case EAGAIN: throw Failure.timeout
      default: throw Failure.receive(errno)
      }
    }
    return Array(bytes.prefix(count))
  }

  /// Exactly so many bytes, fewer only at the end of the stream.
  func receive(exactly count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let more = try receive(count - all.count)
      if more.isEmpty { break }
      all += more
    }
    return all
  }

  /// One frame by its header's length.
  func frame() throws -> [UInt8] {
    let header = try receive(exactly: 6)
    guard header.count == 6 else { return header }
    return header + (try receive(exactly: Int(header[4]) << 8 | Int(header[5])))
  }

  static func request(_ transaction: UInt16, unit: UInt8 = 1, _ pdu: [UInt8]) -> [UInt8] {
    let length = UInt16(pdu.count + 1)
    return [
      UInt8(transaction >> 8), UInt8(transaction & 0xFF), 0, 0, UInt8(length >> 8), UInt8(length & 0xFF),
      unit,
    ] + pdu
  }

  static func read(_ transaction: UInt16, unit: UInt8 = 1, _ address: UInt16 = 4001, count: UInt8 = 1)
    -> [UInt8]
  {
    request(transaction, unit: unit, [3, UInt8(address >> 8), UInt8(address & 0xFF), 0, count])
  }
}

/// A blocking call off the threads that Swift's tasks need.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result(catching: body)) }
  }
}
