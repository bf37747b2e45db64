import Modbus
import NIOCore
import Testing

@Suite struct RequestCodingTests {
  /// Frames of the specification's own examples (Application Protocol V1.1b3, section 6), and a few more.
  static let examples: [(ModbusRequest, [UInt8])] = [
    (.readCoils(address: 0x13, count: 0x13), [0x01, 0x00, 0x13, 0x00, 0x13]),
    (.readDiscreteInputs(address: 0xC4, count: 0x16), [0x02, 0x00, 0xC4, 0x00, 0x16]),
    (.readHoldingRegisters(address: 0x6B, count: 3), [0x03, 0x00, 0x6B, 0x00, 0x03]),
    (.readInputRegisters(address: 8, count: 1), [0x04, 0x00, 0x08, 0x00, 0x01]),
    (.writeSingleCoil(address: 0xAC, value: true), [0x05, 0x00, 0xAC, 0xFF, 0x00]),
    (.writeSingleRegister(address: 1, value: 3), [0x06, 0x00, 0x01, 0x00, 0x03]),
    (
      .writeMultipleCoils(
        address: 0x13, values: [true, false, true, true, false, false, true, true, true, false]),
      [0x0F, 0x00, 0x13, 0x00, 0x0A, 0x02, 0xCD, 0x01]
    ),
    (
      .writeMultipleRegisters(address: 1, values: [0x000A, 0x0102]),
      [0x10, 0x00, 0x01, 0x00, 0x02, 0x04, 0x00, 0x0A, 0x01, 0x02]
    ),
    (
      .maskWriteRegister(address: 4, and: 0x00F2, or: 0x0025),
      [0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25]
    ),
    (
      .readWriteMultipleRegisters(
        readAddress: 3, readCount: 6, writeAddress: 0x0E, values: [0xFF, 0xFF, 0xFF]),
      [
        0x17, 0x00, 0x03, 0x00, 0x06, 0x00, 0x0E, 0x00, 0x03, 0x06, 0x00, 0xFF, 0x00, 0xFF, 0x00, 0xFF,
      ]
    ),
    (.readDeviceIdentification(access: .basic, object: 0), [0x2B, 0x0E, 0x01, 0x00]),
  ]

  @Test(arguments: examples) func specificationExamples(_ request: ModbusRequest, _ bytes: [UInt8]) throws {
    var buffer = ByteBuffer()
    try request.write(to: &buffer)
    #expect(Array(buffer.readableBytesView) == bytes)
    #expect(try ModbusRequest(pdu: ByteBuffer(bytes: bytes)) == request)
  }

  /// Both directions refuse the same things: the request is not written, its bytes are not read.
  static let faults: [(ModbusRequest, RequestFault, [UInt8])] = [
    (.readCoils(address: 0, count: 0), .quantity(0, allowed: 1...2000), [1, 0, 0, 0, 0]),
    (
      .readDiscreteInputs(address: 0, count: 2001), .quantity(2001, allowed: 1...2000), [2, 0, 0, 0x07, 0xD1]
    ),
    (.readHoldingRegisters(address: 0, count: 126), .quantity(126, allowed: 1...125), [3, 0, 0, 0, 126]),
    (
      .readInputRegisters(address: 0, count: 0xFFFF), .quantity(0xFFFF, allowed: 1...125),
      [4, 0, 0, 255, 255]
    ),
    (
      .readHoldingRegisters(address: 65535, count: 2), .addressRange(address: 65535, count: 2),
      [3, 255, 255, 0, 2]
    ),
    (
      .readCoils(address: 63537, count: 2000), .addressRange(address: 63537, count: 2000),
      [1, 0xF8, 0x31, 0x07, 0xD0]
    ),
    (
      .writeMultipleRegisters(address: 65535, values: [1, 2]), .addressRange(address: 65535, count: 2),
      [16, 255, 255, 0, 2, 4, 0, 1, 0, 2]
    ),
    (
      .writeMultipleRegisters(address: 0, values: []), .quantity(0, allowed: 1...123), [16, 0, 0, 0, 0, 0]
    ),
    (
      .writeMultipleRegisters(address: 0, values: RegisterBlock(count: 124) { _ in 0 }),
      .quantity(124, allowed: 1...123), [16, 0, 0, 0, 124, 248] + Array(repeating: 0, count: 247)
    ),
    (
      .writeMultipleCoils(address: 0, values: BitBlock(count: 1969) { _ in false }),
      .quantity(1969, allowed: 1...1968), [15, 0, 0, 0x07, 0xB1, 247] + Array(repeating: 0, count: 247)
    ),
    (
      .readWriteMultipleRegisters(
        readAddress: 0, readCount: 1, writeAddress: 0, values: RegisterBlock(count: 122) { _ in 0 }),
      .quantity(122, allowed: 1...121),
      [23, 0, 0, 0, 1, 0, 0, 0, 122, 244] + Array(repeating: 0, count: 243)
    ),
    (
      .readWriteMultipleRegisters(readAddress: 0, readCount: 126, writeAddress: 0, values: [1]),
      .quantity(126, allowed: 1...125), [23, 0, 0, 0, 126, 0, 0, 0, 1, 2, 0, 1]
    ),
  ]

  @Test(arguments: faults) func limitsBothWays(
    _ request: ModbusRequest, _ fault: RequestFault, _ bytes: [UInt8]
  ) {
    var buffer = ByteBuffer()
    #expect(throws: fault) { try request.write(to: &buffer) }
    #expect(buffer.readableBytes == 0)
    #expect(throws: fault) { try ModbusRequest(pdu: ByteBuffer(bytes: bytes)) }
  }

  static let malformed: [([UInt8], RequestFault, ModbusException)] = [
    ([], .length(0, expected: 1), .illegalDataValue),
    ([0x63], .unknownFunction(0x63), .illegalFunction),
    ([0x83, 0x02], .unknownFunction(0x83), .illegalFunction),
    ([3, 0, 0, 0], .length(4, expected: 5), .illegalDataValue),
    ([3, 0, 0, 0, 1, 0], .length(6, expected: 5), .illegalDataValue),
    ([5, 0, 0, 0xFF, 0x01], .coilValue(0xFF01), .illegalDataValue),
    ([5, 0, 0, 0, 1], .coilValue(1), .illegalDataValue),
    ([16, 0, 0, 0, 2, 3, 0, 1, 2], .byteCount(3, expected: 4), .illegalDataValue),
    ([16, 0, 0, 0, 2, 4, 0, 1, 2], .length(9, expected: 10), .illegalDataValue),
    ([16, 0, 0, 0, 1, 2, 0, 1, 2], .length(9, expected: 8), .illegalDataValue),
    ([15, 0, 0, 0, 9, 1, 0xFF], .byteCount(1, expected: 2), .illegalDataValue),
    ([22, 0, 0, 0, 0, 0], .length(6, expected: 7), .illegalDataValue),
    ([23, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0], .byteCount(1, expected: 2), .illegalDataValue),
    ([23, 0, 0], .length(3, expected: 10), .illegalDataValue),
    ([0x2B], .length(1, expected: 4), .illegalDataValue),
    ([0x2B, 0x0D, 0, 0], .unknownInterface(0x0D), .illegalFunction),
    ([0x2B, 0x0E, 5, 0], .unknownIdentificationAccess(5), .illegalDataValue),
    ([0x2B, 0x0E, 1], .length(3, expected: 4), .illegalDataValue),
    (Array(repeating: 3, count: 254), .length(254, expected: 253), .illegalDataValue),
  ]

  @Test(arguments: malformed)
  func malformedRequests(_ bytes: [UInt8], _ fault: RequestFault, _ exception: ModbusException) {
    #expect(throws: fault) { try ModbusRequest(pdu: ByteBuffer(bytes: bytes)) }
    #expect(fault.exception == exception)
    #expect(!fault.description.contains("\n"))
  }

  @Test func everyAllowedRequestSurvivesTheTrip() throws {
    try withSeeds(2000) { random, seed in
      let request = random.request()
      var buffer = ByteBuffer()
      try request.write(to: &buffer)
      #expect(buffer.readableBytes <= 253, seed)
      #expect(try ModbusRequest(pdu: buffer) == request, seed)
    }
  }

  /// Whatever is accepted is what would be sent, but for padding bits; whatever is not throws.
  @Test func randomBytesAreAcceptedOnlyAsTheyWouldBeSent() throws {
    try withSeeds(20_000) { random, seed in
      var bytes = random.bytes(random.int(0...260))
      if !bytes.isEmpty { bytes[0] = FunctionCode.allCases.randomElement(using: &random)?.rawValue ?? 3 }
      guard let request = try? ModbusRequest(pdu: ByteBuffer(bytes: bytes)) else { return }
      var buffer = ByteBuffer()
      try request.write(to: &buffer)
      if case .writeMultipleCoils = request {
        bytes[bytes.count - 1] = Array(buffer.readableBytesView).last ?? 0
      }
      #expect(Array(buffer.readableBytesView) == bytes, seed)
    }
  }

  @Test func bitsPackToTheLastOddOne() {
    for count in [1, 7, 8, 9, 15, 16, 17, 1967, 1968] {
      let bits = BitBlock(count: count) { $0 % 3 == 0 }
      #expect(bits.count == count)
      #expect(Array(bits) == (0..<count).map { $0 % 3 == 0 })
    }
    #expect(BitBlock([]).isEmpty)
    #expect(RegisterBlock(count: -1) { _ in 0 }.isEmpty)
  }

  @Test func paddingBitsOfOthersDoNotCount() throws {
    let sloppy = try ModbusRequest(pdu: ByteBuffer(bytes: [15, 0, 0, 0, 3, 1, 0b1111_1101]))
    #expect(sloppy == .writeMultipleCoils(address: 0, values: [true, false, true]))
    #expect(
      sloppy.hashValue == ModbusRequest.writeMultipleCoils(address: 0, values: [true, false, true]).hashValue)
  }

  @Test func writesAreKnownFromReads() {
    for (request, _) in Self.examples {
      let reads: Set<FunctionCode> = [
        .readCoils, .readDiscreteInputs, .readHoldingRegisters, .readInputRegisters,
        .readDeviceIdentification,
      ]
      #expect(request.isWrite == !reads.contains(request.function))
      #expect(!request.description.isEmpty)
    }
  }
}
