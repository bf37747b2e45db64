import Modbus

extension SeededRandom {
  /// A run of `count` at an address where it fits.
  private mutating func address(for count: Int) -> UInt16 { UInt16(int(0...(65536 - count))) }

  private mutating func registers(_ limit: Int) -> RegisterBlock {
    RegisterBlock(count: int(1...limit)) { _ in word() }
  }

  private mutating func bits(_ limit: Int) -> BitBlock { BitBlock(count: int(1...limit)) { _ in bool() } }

  /// Any request that Modbus allows.
  mutating func request() -> ModbusRequest {
    switch int(0...10) {
    case 0, 1:
      let count = int(1...2000)
      return .read(bool() ? .coil : .discrete, address: address(for: count), count: UInt16(count))
    case 2, 3:
      let count = int(1...125)
      return .read(bool() ? .holding : .input, address: address(for: count), count: UInt16(count))
    case 4: return .writeSingleCoil(address: word(), value: bool())
    case 5: return .writeSingleRegister(address: word(), value: word())
    case 6:
      let values = bits(1968)
      return .writeMultipleCoils(address: address(for: values.count), values: values)
    case 7:
      let values = registers(123)
      return .writeMultipleRegisters(address: address(for: values.count), values: values)
    case 8: return .maskWriteRegister(address: word(), and: word(), or: word())
    case 9:
      let (values, count) = (registers(121), int(1...125))
      return .readWriteMultipleRegisters(
        readAddress: address(for: count), readCount: UInt16(count), writeAddress: address(for: values.count),
        values: values)
    default:
      return .readDeviceIdentification(
        access: IdentificationAccess(rawValue: UInt8(int(1...4))) ?? .basic, object: byte())
    }
  }

  /// A proper answer to a request, with any content.
  mutating func response(to request: ModbusRequest) -> ModbusResponse {
    switch request {
    case .readCoils(_, let count): .readCoils(BitBlock(count: Int(count)) { _ in bool() })
    case .readDiscreteInputs(_, let count): .readDiscreteInputs(BitBlock(count: Int(count)) { _ in bool() })
    case .readHoldingRegisters(_, let count):
      .readHoldingRegisters(RegisterBlock(count: Int(count)) { _ in word() })
    case .readInputRegisters(_, let count):
      .readInputRegisters(RegisterBlock(count: Int(count)) { _ in word() })
    case .writeSingleCoil(let address, let value): .writeSingleCoil(address: address, value: value)
    case .writeSingleRegister(let address, let value): .writeSingleRegister(address: address, value: value)
    case .writeMultipleCoils(let address, let values):
      .writeMultipleCoils(address: address, count: UInt16(values.count))
    case .writeMultipleRegisters(let address, let values):
      .writeMultipleRegisters(address: address, count: UInt16(values.count))
    case .maskWriteRegister(let address, let and, let or):
      .maskWriteRegister(address: address, and: and, or: or)
    case .readWriteMultipleRegisters(_, let count, _, _):
      .readWriteMultipleRegisters(RegisterBlock(count: Int(count)) { _ in word() })
    case .readDeviceIdentification(let access, _): .readDeviceIdentification(page(access))
    }
  }

  private mutating func page(_ access: IdentificationAccess) -> IdentificationPage {
    var page = IdentificationPage(
      access: access, conformity: 0x83, nextObject: bool() ? byte() : nil, objects: [])
    var room = 246
    while room >= 2, page.objects.count < 20, bool() || page.objects.isEmpty {
      let size = int(0...min(244, room - 2))
      page.objects.append(IdentificationObject(id: byte(), value: bytes(size)))
      room -= size + 2
    }
    return page
  }
}
