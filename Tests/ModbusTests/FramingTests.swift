import Modbus
import NIOCore
import Testing

@Suite struct FramingTests {
  static func framed(_ framing: ModbusFraming, _ id: UInt16, _ unit: UInt8, _ pdu: [UInt8]) -> [UInt8] {
    var buffer = ByteBuffer()
    framing.write(transactionId: id, unitId: unit, to: &buffer) { (out: inout ByteBuffer) in
      _ = out.writeBytes(pdu)
    }
    return Array(buffer.readableBytesView)
  }

  @Test func knownFrames() {
    #expect(
      Self.framed(.mbap, 0x1501, 0xFF, [3, 0, 4, 0, 1]) == [0x15, 0x01, 0, 0, 0, 6, 0xFF, 3, 0, 4, 0, 1])
    // Function 3 to unit 17, as on many a serial line: CRC 0x8776, low byte first.
    #expect(
      Self.framed(.rtu, 0, 0x11, [3, 0, 0x6B, 0, 3]) == [0x11, 3, 0, 0x6B, 0, 3, 0x76, 0x87])
    #expect(
      String(decoding: Self.framed(.ascii, 0, 0x11, [3, 0, 0x6B, 0, 3]), as: UTF8.self)
        == ":1103006B00037E\r\n")
  }

  /// Whole frames, one byte at a time, and cut anywhere: always the same frames, each as soon as it is all
  /// there and not before.
  @Test(arguments: ModbusFraming.allCases) func dripFeeding(_ framing: ModbusFraming) throws {
    try withSeeds(60) { random, seed in
      for direction in FrameDirection.allCases {
        var stream: [UInt8] = []
        var expected: [ModbusFrame] = []
        var ends: [Int] = []
        for _ in 0..<random.int(1...5) {
          let request = random.request()
          var pdu = ByteBuffer()
          if direction == .request {
            try request.write(to: &pdu)
          } else if random.bool() {
            try random.response(to: request).write(to: &pdu)
          } else {
            ModbusException.busy.write(refusing: request.function.rawValue, to: &pdu)
          }
          let id = framing == .mbap ? random.word() : 0
          let unit = random.byte()
          stream += Self.framed(framing, id, unit, Array(pdu.readableBytesView))
          expected.append(ModbusFrame(transactionId: id, unitId: unit, pdu: pdu))
          ends.append(stream.count)
        }
        for largest in [1, 2, 7, 300, stream.count] {
          var buffer = ByteBuffer()
          var found: [ModbusFrame] = []
          var fed = 0
          while fed < stream.count {
            let piece = min(random.int(1...largest), stream.count - fed)
            buffer.writeBytes(stream[fed..<(fed + piece)])
            fed += piece
            while let frame = try framing.read(direction, from: &buffer) { found.append(frame) }
            #expect(found.count == ends.filter { $0 <= fed }.count, seed)
          }
          #expect(found == expected, seed)
          #expect(buffer.readableBytes == 0, seed)
        }
      }
    }
  }

  @Test func headersThatAreNotModbus() {
    func read(_ bytes: [UInt8]) throws(WireFailure) -> ModbusFrame? {
      var buffer = ByteBuffer(bytes: bytes)
      return try ModbusFraming.mbap.read(.response, from: &buffer)
    }
    #expect(throws: WireFailure.protocolIdentifier(0x5420)) { try read(Array("GET / HTTP/1.1".utf8)) }
    #expect(throws: WireFailure.protocolIdentifier(1)) { try read([0, 1, 0, 1]) }
    #expect(throws: WireFailure.frameLength(0)) { try read([0, 1, 0, 0, 0, 0]) }
    #expect(throws: WireFailure.frameLength(1)) { try read([0, 1, 0, 0, 0, 1, 1]) }
    #expect(throws: WireFailure.frameLength(255)) { try read([0, 1, 0, 0, 0, 255]) }
    #expect(throws: WireFailure.frameLength(0xFFFF)) { try read([0, 1, 0, 0, 255, 255]) }
    #expect(throws: Never.self) { try read([0, 1, 0, 0, 0, 254]) }
  }

  @Test(arguments: [ModbusFraming.rtu, .ascii]) func aFlippedBitIsSeen(_ framing: ModbusFraming) {
    let frame = Self.framed(framing, 0, 5, [3, 0, 0, 0, 2])
    for index in frame.indices {
      for bit in 0..<8 {
        var damaged = frame
        damaged[index] ^= 1 << UInt8(bit)
        var buffer = ByteBuffer(bytes: damaged)
        let found = try? framing.read(.request, from: &buffer)
        // Lower-case digits are no damage.
        let isCase =
          framing == .ascii
          && String(decoding: damaged, as: UTF8.self).uppercased() == String(decoding: frame, as: UTF8.self)
        if !isCase { #expect(found == nil, "byte \(index) bit \(bit)") }
      }
    }
  }

  @Test func asciiSkipsNoiseAndRestartsAtAColon() throws {
    var buffer = ByteBuffer(string: "noise\r\n\u{0}:11:1103006B00037E\r\n:01")
    let frame = try ModbusFraming.ascii.read(.request, from: &buffer)
    #expect(frame == ModbusFrame(unitId: 0x11, pdu: ByteBuffer(bytes: [3, 0, 0x6B, 0, 3])))
    let next = try ModbusFraming.ascii.read(.request, from: &buffer)
    #expect(next == nil)
    #expect(buffer.readableBytes == 3)
  }

  @Test func asciiMalformed() {
    for text in [":1103006B00037F\r\n", ":11030X6B00037E\r\n", ":1103006B00037E\n", ":110\r\n", ":\r\n"] {
      var buffer = ByteBuffer(string: text)
      #expect(throws: WireFailure.self, "\(text)") { try ModbusFraming.ascii.read(.request, from: &buffer) }
    }
  }

  @Test func asciiSkipsWhatIsTooLong() throws {
    var buffer = ByteBuffer(string: ":" + String(repeating: "00", count: 300))
    let none = try ModbusFraming.ascii.read(.request, from: &buffer)
    #expect(none == nil)
    #expect(buffer.readableBytes == 0)
    buffer.writeString("0000\r\n:1103006B00037E\r\n")
    let frame = try ModbusFraming.ascii.read(.request, from: &buffer)
    #expect(frame?.unitId == 0x11)
  }

  @Test func rtuFindsTheEndOfAnUnknownFunction() throws {
    let frame = Self.framed(.rtu, 0, 9, [0x64, 1, 2, 3, 4])
    var buffer = ByteBuffer(bytes: frame + Self.framed(.rtu, 0, 9, [6, 0, 1, 0, 2]))
    let first = try ModbusFraming.rtu.read(.request, from: &buffer)
    #expect(first?.pdu == ByteBuffer(bytes: [0x64, 1, 2, 3, 4]))
    let second = try ModbusFraming.rtu.read(.request, from: &buffer)
    #expect(second?.pdu == ByteBuffer(bytes: [6, 0, 1, 0, 2]))
  }

  /// Nothing that comes can crash a decoder or keep it from ending, and what it keeps is bounded.
  @Test(arguments: ModbusFraming.allCases) func randomBytes(_ framing: ModbusFraming) {
    withSeeds(3000) { random, seed in
      var buffer = ByteBuffer()
      for _ in 0..<random.int(1...6) {
        buffer.writeBytes(random.bytes(random.int(0...300)))
        do {
          while let frame = try framing.read(random.bool() ? .request : .response, from: &buffer) {
            #expect((1...253).contains(frame.pdu.readableBytes), seed)
          }
          #expect(buffer.readableBytes < 520, seed)
        } catch {
          return
        }
      }
    }
  }
}
