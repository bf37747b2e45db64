import Control
import Modbus
import NIOCore

enum PLCReply {
  case done(ModbusResponse)
  case refused(ModbusException)
}

/// The memory of a PLC, answering real PDU bytes.
struct SimulatedPLC {
  var holding = [UInt16](repeating: 0, count: 64)
  var input = [UInt16](repeating: 0, count: 64)
  /// 0 or 1.
  var coils = [UInt16](repeating: 0, count: 64)
  /// An address between the registers that the device does not have.
  var hole: UInt16?
  var identity = "ACME"
  var hasIdentity = true

  /// The answer to a PDU; `nil` for what is no Modbus.
  mutating func answer(_ pdu: ByteBuffer) -> (request: ModbusRequest, answer: PLCReply)? {
    guard let request = try? ModbusRequest(pdu: pdu) else { return nil }
    return (request, perform(request))
  }

  private mutating func perform(_ request: ModbusRequest) -> PLCReply {
    switch request {
    case .readHoldingRegisters(let address, let count):
      guard holds(address, count) else { return .refused(.illegalDataAddress) }
      return .done(.readHoldingRegisters(RegisterBlock(holding[Int(address)..<Int(address) + Int(count)])))
    case .readInputRegisters(let address, let count):
      guard holds(address, count) else { return .refused(.illegalDataAddress) }
      return .done(.readInputRegisters(RegisterBlock(input[Int(address)..<Int(address) + Int(count)])))
    case .readCoils(let address, let count):
      guard holds(address, count) else { return .refused(.illegalDataAddress) }
      return .done(.readCoils(BitBlock(count: Int(count)) { coils[Int(address) + $0] != 0 }))
    case .writeSingleCoil(let address, let value):
      guard holds(address, 1) else { return .refused(.illegalDataAddress) }
      coils[Int(address)] = value ? 1 : 0
      return .done(.writeSingleCoil(address: address, value: value))
    case .writeSingleRegister(let address, let value):
      guard holds(address, 1) else { return .refused(.illegalDataAddress) }
      holding[Int(address)] = value
      return .done(.writeSingleRegister(address: address, value: value))
    case .writeMultipleRegisters(let address, let values):
      guard holds(address, UInt16(values.count)) else { return .refused(.illegalDataAddress) }
      for (offset, value) in values.enumerated() { holding[Int(address) + offset] = value }
      return .done(.writeMultipleRegisters(address: address, count: UInt16(values.count)))
    case .maskWriteRegister(let address, let and, let or):
      guard holds(address, 1) else { return .refused(.illegalDataAddress) }
      holding[Int(address)] = holding[Int(address)] & and | or & ~and
      return .done(.maskWriteRegister(address: address, and: and, or: or))
    case .readDeviceIdentification(let access, _):
      guard hasIdentity else { return .refused(.illegalFunction) }
      let vendor = IdentificationObject(id: IdentificationObject.vendorName, text: identity)
      return .done(
        .readDeviceIdentification(
          IdentificationPage(access: access, conformity: 1, objects: [vendor])))
    default: return .refused(.illegalFunction)
    }
  }

  private func holds(_ address: UInt16, _ count: UInt16) -> Bool {
    let end = Int(address) + Int(count)
    guard end <= holding.count else { return false }
    guard let hole else { return true }
    return !(Int(address) <= Int(hole) && Int(hole) < end)
  }

  func words(of register: SimulatedRegister) -> ArraySlice<UInt16> {
    let range = Int(register.address)..<Int(register.address) + register.words
    switch register.kind {
    case .coil: return coils[range]
    case .input: return input[range]
    default: return holding[range]
    }
  }

  mutating func set(_ register: SimulatedRegister, words: [UInt16]) {
    for (offset, word) in words.enumerated() {
      let place = Int(register.address) + offset
      switch register.kind {
      case .coil: coils[place] = word
      case .input: input[place] = word
      default: holding[place] = word
      }
    }
  }
}
