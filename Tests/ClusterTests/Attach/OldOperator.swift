import Foundation
import Synchronization

/// The read-only API of a version that knows no `brief` parameter: 400 for what it does not know.
final class OldOperator: Sendable {
  private let listener: Int32
  private let paths = Mutex<[String]>([])
  /// What was asked for so far.
  var asked: [String] { paths.withLock { $0 } }

  init(on path: String) {
    listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_un()
    name.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
    let bound = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    precondition(bound == 0 && listen(listener, 8) == 0)
    Thread.detachNewThread { [self] in
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        Thread.detachNewThread { [self] in serve(connection) }
      }
    }
  }

  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    var received = [UInt8](repeating: 0, count: 4096)
    while case let count = read(connection, &received, received.count), count > 0 {
      let head = String(decoding: received[..<count], as: UTF8.self)
      let path = head.split(separator: " ").dropFirst().first.map(String.init) ?? ""
      paths.withLock { $0.append(path) }
      guard path == "/api/v1/stream" else {
        let body = #"{"error":"unknown parameter"}"#
        say("HTTP/1.1 400 Bad Request\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)", connection)
        continue
      }
      say(
        """
        HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r
        {"type":"fleet","mode":"control","gates":{"leading":true}}
        {"type":"device","namespace":"default","name":"line-1","status":"InSync"}
        {"type":"synced"}

        """, connection)
    }
  }

  private func say(_ text: String, _ connection: Int32) {
    // Whoever asked may have gone, which is no reason to end the tests.
    _ = text.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
  }
}
