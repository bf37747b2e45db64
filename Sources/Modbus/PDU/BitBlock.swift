import NIOCore

/// A run of coils or discrete inputs, packed as on the wire: eight to a byte, lowest bit first, the
/// unused bits of the last byte zero.
///
/// Like `RegisterBlock` it may share the receive buffer.
public struct BitBlock: Sendable {
  let bytes: ByteBuffer
  public let count: Int

  /// Bits as they came; padding that a sloppy device set is cleared, so that equal bits are equal blocks.
  /// `bytes` must hold `(count + 7) / 8` readable bytes.
  init(wire bytes: ByteBuffer, count: Int) {
    self.count = count
    let used = count & 7
    let last = bytes.readerIndex &+ bytes.readableBytes &- 1
    guard used != 0, let final = bytes.getInteger(at: last, as: UInt8.self) else {
      self.bytes = bytes
      return
    }
    let mask = UInt8(truncatingIfNeeded: (1 &<< used) &- 1)
    var clean = bytes
    if final & ~mask != 0 { clean.setInteger(final & mask, at: last) }
    self.bytes = clean
  }

  /// A block of these bits.
  public init(_ bits: some Collection<Bool>) {
    var iterator = bits.makeIterator()
    self.init(count: bits.count) { _ in iterator.next() ?? false }
  }

  /// A block of `count` bits, made by `bit` from each index in ascending order.
  public init(count: Int, _ bit: (Int) -> Bool) {
    let count = Swift.max(0, count)
    var buffer = ByteBufferAllocator().buffer(capacity: (count &+ 7) / 8)
    var byte: UInt8 = 0
    for index in 0..<count {
      if bit(index) { byte |= 1 &<< UInt8(truncatingIfNeeded: index & 7) }
      if index & 7 == 7 || index == count &- 1 {
        buffer.writeInteger(byte)
        byte = 0
      }
    }
    bytes = buffer
    self.count = count
  }

  /// Bytes that `count` bits take.
  static func byteCount(_ count: Int) -> Int { (count &+ 7) / 8 }
}

extension BitBlock: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }

  /// The bit at `position`, counted from the first of the block. Traps out of range, as an array does.
  public subscript(position: Int) -> Bool {
    precondition(position >= 0 && position < count, "bit index out of range")
    let byte = bytes.getInteger(at: bytes.readerIndex &+ position / 8, as: UInt8.self) ?? 0
    return byte & (1 &<< UInt8(truncatingIfNeeded: position & 7)) != 0
  }
}

extension BitBlock: Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public init(arrayLiteral elements: Bool...) { self.init(elements) }

  public var description: String { String(map { $0 ? "1" : "0" }) }
}
