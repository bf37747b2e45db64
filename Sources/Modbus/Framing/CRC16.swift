/// The serial line's checksums.
enum CRC16 {
  /// CRC-16/MODBUS: polynomial 0xA001 reflected, start 0xFFFF.
  static func of(_ bytes: some Sequence<UInt8>) -> UInt16 {
    var crc: UInt16 = 0xFFFF
    for byte in bytes {
      crc = (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
    }
    return crc
  }

  private static let table: [UInt16] = (0..<256).map { index in
    var value = UInt16(truncatingIfNeeded: index)
    for _ in 0..<8 { value = value & 1 == 0 ? value >> 1 : (value >> 1) ^ 0xA001 }
    return value
  }
}

enum LRC {
  /// Two's complement of the sum of all bytes.
  static func of(_ bytes: some Sequence<UInt8>) -> UInt8 {
    0 &- bytes.reduce(UInt8(0)) { $0 &+ $1 }
  }
}
