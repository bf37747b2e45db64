import NIOCore

/// A run of 16-bit registers in wire order.
///
/// A block that came from the network shares the receive buffer: reading it allocates nothing, and
/// dropping it before the completion returns lets the buffer be used again. Copy the values out
/// (`Array(block)`) to keep them.
public struct RegisterBlock: Sendable {
  /// Big-endian, exactly two bytes a register.
  let bytes: ByteBuffer

  /// `bytes` must have an even number of readable bytes; an odd last one is not seen.
  init(wire bytes: ByteBuffer) { self.bytes = bytes }

  /// A block of these values.
  public init(_ values: some Collection<UInt16>) {
    var buffer = ByteBufferAllocator().buffer(capacity: values.count &* 2)
    for value in values { buffer.writeInteger(value) }
    bytes = buffer
  }

  /// A block of `count` values, made by `value` from each index.
  public init(count: Int, _ value: (Int) -> UInt16) {
    let count = Swift.max(0, count)
    var buffer = ByteBufferAllocator().buffer(capacity: count &* 2)
    for index in 0..<count { buffer.writeInteger(value(index)) }
    bytes = buffer
  }
}

extension RegisterBlock: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { bytes.readableBytes >> 1 }

  /// The register at `position`, counted from the first of the block. Traps out of range, as an array does.
  public subscript(position: Int) -> UInt16 {
    precondition(position >= 0 && position < endIndex, "register index out of range")
    return bytes.getInteger(at: bytes.readerIndex &+ position &* 2) ?? 0
  }
}

extension RegisterBlock: Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public init(arrayLiteral elements: UInt16...) { self.init(elements) }

  public var description: String { "\(Array(self))" }
}
