import CZlib

/// A piece of text, packed so that it can stand anywhere in a gzip stream (RFC 1952): pieces that did not change are
/// packed once and then only put in line.
struct GzipPart: Sendable {
  /// Deflate blocks that refer to nothing before them and end on a whole byte (RFC 1951, 3.2.4).
  let packed: [UInt8]
  let crc: UInt
  /// Of the text, bytes.
  let length: Int
}

/// Packs parts; one after the other, to use zlib's memory again.
final class GzipPacker {
  private let stream: UnsafeMutablePointer<z_stream>

  /// Fast rather than small: metrics repeat so much that the lowest level already leaves a twentieth. `nil`: zlib has
  /// no memory.
  init?(level: Int32 = 1) {
    // zlib keeps the address of the stream and checks it at every call.
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    guard czlib_deflate_begin(stream, level) == Z_OK else {
      stream.deallocate()
      return nil
    }
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
  }

  /// `nil`: zlib has no memory.
  func part(_ text: [UInt8]) -> GzipPart? {
    if text.isEmpty { return GzipPart(packed: [], crc: 0, length: 0) }
    guard deflateReset(stream) == Z_OK, let size = UInt32(exactly: text.count) else { return nil }
    // A flush may need a few bytes beyond the bound.
    let room = Int(deflateBound(stream, uLong(text.count))) + 16
    var input = text
    let packed = input.withUnsafeMutableBufferPointer { source in
      [UInt8](unsafeUninitializedCapacity: room) { target, count in
        stream.pointee.next_in = source.baseAddress
        stream.pointee.avail_in = size
        stream.pointee.next_out = target.baseAddress
        stream.pointee.avail_out = UInt32(clamping: room)
        let status = deflate(stream, Z_FULL_FLUSH)
        let isWhole = status == Z_OK && stream.pointee.avail_in == 0 && stream.pointee.avail_out > 0
        count = isWhole ? room - Int(stream.pointee.avail_out) : 0
      }
    }
    guard !packed.isEmpty else { return nil }
    let crc = text.withUnsafeBufferPointer { crc32(0, $0.baseAddress, size) }
    return GzipPart(packed: packed, crc: UInt(crc), length: text.count)
  }
}

/// A gzip stream put together of parts.
struct GzipDocument {
  /// Magic, deflate, no flags, no time, fastest, Unix.
  private(set) var bytes: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 4, 3]
  private var crc: UInt = 0
  private var length = 0

  init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

  mutating func append(_ part: GzipPart) {
    bytes.append(contentsOf: part.packed)
    crc = UInt(crc32_combine(uLong(crc), uLong(part.crc), part.length))
    length &+= part.length
  }

  consuming func finish() -> [UInt8] {
    // An empty last block, then the check sum and the length, least byte first.
    bytes.append(contentsOf: [3, 0])
    for value in [crc, UInt(bitPattern: length)] {
      for shift in stride(from: 0, to: 32, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    return bytes
  }
}
