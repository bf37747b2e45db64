import CZlib

/// gzip (RFC 1952) through zlib.
enum Gzip {
  /// Fast rather than small: metrics repeat so much that the lowest level already leaves a twentieth.
  static func compress(_ bytes: [UInt8], level: Int32 = 1) -> [UInt8]? {
    var stream = z_stream()
    guard czlib_gzip_begin(&stream, level) == Z_OK else { return nil }
    defer { deflateEnd(&stream) }
    // avail_in is 32 bits wide; a scrape is far smaller.
    guard let size = UInt32(exactly: bytes.count) else { return nil }
    var input = bytes
    var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))))
    let room = output.count
    let status = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = size
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(clamping: room)
        return deflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END else { return nil }
    output.removeLast(room - Int(stream.total_out))
    return output
  }

  /// Whether a client takes gzip (RFC 9110, 12.5.3): named, or by `*`, with a weight above 0.
  static func isAccepted(_ header: String?) -> Bool {
    guard let header else { return false }
    var any = false
    for entry in header.split(separator: ",").prefix(32) {
      let parts = entry.split(separator: ";").map { $0.trimming() }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      if parts.first == "gzip" || parts.first == "x-gzip" { return weight > 0 }
      if parts.first == "*" { any = weight > 0 }
    }
    return any
  }
}
