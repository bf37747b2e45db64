import Modbus
import NIOCore
import Testing

@Suite struct ResponseCodingTests {
  static let examples: [(ModbusResponse, [UInt8])] = [
    (.readHoldingRegisters([0x022B, 0x0000, 0x0064]), [0x03, 0x06, 0x02, 0x2B, 0x00, 0x00, 0x00, 0x64]),
    (.readInputRegisters([0x000A]), [0x04, 0x02, 0x00, 0x0A]),
    (.writeSingleCoil(address: 0xAC, value: true), [0x05, 0x00, 0xAC, 0xFF, 0x00]),
    (.writeSingleRegister(address: 1, value: 3), [0x06, 0x00, 0x01, 0x00, 0x03]),
    (.writeMultipleCoils(address: 0x13, count: 10), [0x0F, 0x00, 0x13, 0x00, 0x0A]),
    (.writeMultipleRegisters(address: 1, count: 2), [0x10, 0x00, 0x01, 0x00, 0x02]),
    (.maskWriteRegister(address: 4, and: 0xF2, or: 0x25), [0x16, 0x00, 0x04, 0x00, 0xF2, 0x00, 0x25]),
    (.readWriteMultipleRegisters([0x00FE, 0x0ACD]), [0x17, 0x04, 0x00, 0xFE, 0x0A, 0xCD]),
    (
      .readDeviceIdentification(
        IdentificationPage(
          access: .basic, conformity: 1, nextObject: nil,
          objects: [IdentificationObject(id: 0, text: "Co"), IdentificationObject(id: 2, text: "V2")])),
      [0x2B, 0x0E, 0x01, 0x01, 0x00, 0x00, 0x02, 0x00, 0x02, 0x43, 0x6F, 0x02, 0x02, 0x56, 0x32]
    ),
  ]

  @Test(arguments: examples) func specificationExamples(_ response: ModbusResponse, _ bytes: [UInt8]) throws {
    var buffer = ByteBuffer()
    try response.write(to: &buffer)
    #expect(Array(buffer.readableBytesView) == bytes)
    #expect(try ModbusResponse(pdu: ByteBuffer(bytes: bytes)) == response)
  }

  /// The specification's answer to 19 coils from 20: the last byte holds three.
  @Test func coilsToTheLastOddBit() throws {
    let bytes: [UInt8] = [0x01, 0x03, 0xCD, 0x6B, 0x05]
    let answer = try ModbusResponse.answer(
      ByteBuffer(bytes: bytes), to: .readCoils(address: 0x13, count: 19))
    let bits = try #require(answer.bits)
    #expect(bits.count == 19)
    #expect(bits.description == "1011001111010110101")
    var buffer = ByteBuffer()
    try answer.write(to: &buffer)
    #expect(Array(buffer.readableBytesView) == bytes)
  }

  static let misfits: [([UInt8], ModbusRequest, RequestFailure)] = [
    (
      [0x83, 0x02], .readHoldingRegisters(address: 0, count: 1),
      .refused(DeviceRefusal(function: 3, exception: .illegalDataAddress))
    ),
    (
      [0x83, 0x42], .readHoldingRegisters(address: 0, count: 1),
      .refused(DeviceRefusal(function: 3, exception: ModbusException(rawValue: 0x42)))
    ),
    (
      [0x83], .readHoldingRegisters(address: 0, count: 1),
      .wire(.malformedAnswer(.length(1, expected: 2)))
    ),
    (
      [0x83, 2, 0], .readHoldingRegisters(address: 0, count: 1),
      .wire(.malformedAnswer(.length(3, expected: 2)))
    ),
    ([], .readHoldingRegisters(address: 0, count: 1), .wire(.malformedAnswer(.empty))),
    (
      [4, 2, 0, 0], .readHoldingRegisters(address: 0, count: 1),
      .wire(.functionMismatch(sent: 3, received: 4))
    ),
    (
      [0x84, 2], .readHoldingRegisters(address: 0, count: 1),
      .wire(.functionMismatch(sent: 3, received: 0x84))
    ),
    (
      [3, 2, 0, 0], .readHoldingRegisters(address: 0, count: 2),
      .wire(.malformedAnswer(.quantity(1, allowed: 2...2)))
    ),
    (
      [3, 3, 0, 0, 0], .readHoldingRegisters(address: 0, count: 2),
      .wire(.malformedAnswer(.byteCount(3, expected: 4)))
    ),
    (
      [3, 4, 0, 0], .readHoldingRegisters(address: 0, count: 2),
      .wire(.malformedAnswer(.length(4, expected: 6)))
    ),
    (
      [3, 0], .readHoldingRegisters(address: 0, count: 1),
      .wire(.malformedAnswer(.quantity(0, allowed: 1...125)))
    ),
    ([1, 1, 0], .readCoils(address: 0, count: 9), .wire(.malformedAnswer(.byteCount(1, expected: 2)))),
    (
      [6, 0, 1, 0, 4], .writeSingleRegister(address: 1, value: 3), .wire(.malformedAnswer(.echo))
    ),
    (
      [5, 0, 1, 0x12, 0x34], .writeSingleCoil(address: 1, value: true),
      .wire(.malformedAnswer(.coilValue(0x1234)))
    ),
    (
      [16, 0, 1, 0, 3], .writeMultipleRegisters(address: 1, values: [1, 2]), .wire(.malformedAnswer(.echo))
    ),
    (
      [16, 0, 2, 0, 2], .writeMultipleRegisters(address: 1, values: [1, 2]), .wire(.malformedAnswer(.echo))
    ),
    (
      [22, 0, 1, 0, 0, 0, 1], .maskWriteRegister(address: 1, and: 0, or: 0), .wire(.malformedAnswer(.echo))
    ),
    (
      [0x2B, 0x0E, 1, 1, 0, 0, 2, 0, 1, 65], .readDeviceIdentification(access: .basic, object: 0),
      .wire(.malformedAnswer(.identification))
    ),
    (
      [0x2B, 0x0E, 2, 1, 0, 0, 0], .readDeviceIdentification(access: .basic, object: 0),
      .wire(.malformedAnswer(.echo))
    ),
    (
      [0x2B, 0x0D, 1, 1, 0, 0, 0], .readDeviceIdentification(access: .basic, object: 0),
      .wire(.malformedAnswer(.identification))
    ),
  ]

  @Test(arguments: misfits)
  func answersThatDoNotFit(_ bytes: [UInt8], _ request: ModbusRequest, _ failure: RequestFailure) {
    #expect(throws: failure) { try ModbusResponse.answer(ByteBuffer(bytes: bytes), to: request) }
    #expect(!failure.description.contains("\n"))
  }

  @Test func limitsAreEnforcedBeforeSending() {
    var buffer = ByteBuffer()
    #expect(throws: ResponseFault.quantity(126, allowed: 1...125)) {
      try ModbusResponse.readHoldingRegisters(RegisterBlock(count: 126) { _ in 0 }).write(to: &buffer)
    }
    #expect(throws: ResponseFault.quantity(2001, allowed: 1...2000)) {
      try ModbusResponse.readCoils(BitBlock(count: 2001) { _ in true }).write(to: &buffer)
    }
    #expect(throws: ResponseFault.length(254, expected: 253)) {
      let long = IdentificationObject(id: 0, value: Array(repeating: 65, count: 245))
      try ModbusResponse.readDeviceIdentification(
        IdentificationPage(access: .basic, conformity: 1, objects: [long])
      ).write(to: &buffer)
    }
    #expect(buffer.readableBytes == 0)
  }

  @Test func everyAnswerSurvivesTheTrip() throws {
    try withSeeds(2000) { random, seed in
      let request = random.request()
      let response = random.response(to: request)
      var buffer = ByteBuffer()
      try response.write(to: &buffer)
      #expect(buffer.readableBytes <= 253, seed)
      #expect(try ModbusResponse.answer(buffer, to: request) == response, seed)
    }
  }

  @Test func randomBytesAreAcceptedOnlyAsTheyWouldBeSent() throws {
    try withSeeds(20_000) { random, seed in
      var bytes = random.bytes(random.int(0...260))
      if !bytes.isEmpty { bytes[0] = FunctionCode.allCases.randomElement(using: &random)?.rawValue ?? 3 }
      guard let response = try? ModbusResponse(pdu: ByteBuffer(bytes: bytes)) else { return }
      // The next object id means nothing when no more follow.
      if case .readDeviceIdentification(let page) = response, page.nextObject == nil { bytes[5] = 0 }
      var buffer = ByteBuffer()
      try response.write(to: &buffer)
      #expect(Array(buffer.readableBytesView) == bytes, seed)
    }
  }

  @Test func identityComesInPages() {
    let identity = (0..<5).map {
      IdentificationObject(id: UInt8($0), value: Array(repeating: 65, count: 100))
    }
    let first = IdentificationPage.answering(access: .regular, from: 0, identity: identity)
    #expect(first?.objects.map(\.id) == [0, 1])
    #expect(first?.nextObject == 2)
    let last = IdentificationPage.answering(access: .regular, from: 4, identity: identity)
    #expect(last?.objects.map(\.id) == [4])
    #expect(last?.nextObject == nil)
    let basic = IdentificationPage.answering(access: .basic, from: 2, identity: identity)
    #expect(basic?.objects.map(\.id) == [2])
    #expect(IdentificationPage.answering(access: .specific, from: 9, identity: identity) == nil)
    let restarted = IdentificationPage.answering(access: .basic, from: 200, identity: identity)
    #expect(restarted?.objects.map(\.id) == [0, 1])
  }

  @Test func exceptionsHaveNames() {
    #expect(ModbusException.illegalDataAddress.description == "exception 0x02 (illegal data address)")
    #expect(ModbusException(rawValue: 0x42).description == "exception 0x42 (not in the specification)")
    let busy = RequestFailure.refused(DeviceRefusal(function: 3, exception: .busy))
    #expect(busy.isBusy)
    #expect(
      busy.description
        == "the device refused to read holding registers: exception 0x06 (server device busy)")
  }

  @Test func onlyWhatWasSentMayHaveTakenEffect() {
    #expect(!RequestFailure.notSent(.connectionLost(.connectionReset)).mayHaveTakenEffect)
    #expect(RequestFailure.wire(.timedOut(strayAnswers: 0)).mayHaveTakenEffect)
    #expect(
      !RequestFailure.refused(DeviceRefusal(function: 6, exception: .illegalDataValue)).mayHaveTakenEffect)
    #expect(RequestFailure.refused(DeviceRefusal(function: 6, exception: .acknowledge)).mayHaveTakenEffect)
  }
}
