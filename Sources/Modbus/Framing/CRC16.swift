/// CRC-16/MODBUS: polynomial 0xA001 reflected, start 0xFFFF (Modbus over Serial Line V1.02, section 6.2.2).
enum CRC16 {
  static let start: UInt16 = 0xFFFF

  static func of(_ bytes: some Sequence<UInt8>) -> UInt16 { bytes.reduce(start) { adding($1, to: $0) } }

  static func adding(_ byte: UInt8, to crc: UInt16) -> UInt16 {
    (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
  }

  private static let table: [UInt16] = (0..<256).map { index in
    var value = UInt16(truncatingIfNeeded: index)
    for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0xA001 }
    return value
  }
}

/// The ASCII framing's checksum: two's complement of the sum of all bytes.
enum LRC {
  static func of(_ bytes: some Sequence<UInt8>) -> UInt8 {
    0 &- bytes.reduce(UInt8(0)) { $0 &+ $1 }
  }
}
