import CZlib
import Testing

@testable import Observability

@Suite struct GzipTests {
  private func inflate(_ bytes: [UInt8], most: Int) -> [UInt8]? {
    var stream = z_stream()
    guard czlib_gunzip_begin(&stream) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: most)
    let status = input.withUnsafeMutableBufferPointer { source in
      output.withUnsafeMutableBufferPointer { target in
        stream.next_in = source.baseAddress
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress
        stream.avail_out = UInt32(target.count)
        return CZlib.inflate(&stream, Z_FINISH)
      }
    }
    guard status == Z_STREAM_END else { return nil }
    return Array(output.prefix(Int(stream.total_out)))
  }

  @Test(arguments: [0, 1, 1000, 300_000])
  func whatIsPackedUnpacks(_ count: Int) throws {
    var seed: UInt32 = 7
    let bytes = (0..<count).map { index -> UInt8 in
      seed = seed &* 1_664_525 &+ 1_013_904_223
      return index % 3 == 0 ? UInt8(truncatingIfNeeded: seed >> 24) : 65
    }
    let packed = try #require(Gzip.compress(bytes))
    #expect(inflate(packed, most: count + 64) == bytes)
    #expect(packed.prefix(2) == [0x1F, 0x8B])
  }

  @Test(
    arguments: [
      (nil, false), ("", false), ("gzip", true), ("deflate, gzip;q=0.5", true), ("gzip;q=0", false),
      ("*", true),
      ("*;q=0", false), ("identity", false), ("br, *;q=0.1", true), ("*, gzip;q=0", false),
    ] as [(String?, Bool)])
  func gzipIsNegotiated(_ header: String?, _ accepted: Bool) { #expect(Gzip.isAccepted(header) == accepted) }
}
