import Control
import Modbus

/// The one frame of a write order, and the read that checks it.
enum WriteRequests {
  /// A coil goes out with FC 5, one register with FC 6, several in one FC 16 frame (never half a float), a bit with
  /// FC 22, or as the whole word that was read in this cycle where the device has no FC 22.
  static func request(for order: WriteOrder, maskWrite: Bool) -> ModbusRequest {
    let spec = order.spec
    let first = order.words.first ?? 0
    if spec.table == .coil { return .writeSingleCoil(address: spec.address, value: first != 0) }
    if let mask = order.bitMask {
      if maskWrite { return .maskWriteRegister(address: spec.address, and: ~mask, or: first & mask) }
      let before = order.beforeWords.first ?? 0
      return .writeSingleRegister(address: spec.address, value: (before & ~mask) | (first & mask))
    }
    if order.words.count == 1 { return .writeSingleRegister(address: spec.address, value: first) }
    return .writeMultipleRegisters(address: spec.address, values: RegisterBlock(order.words))
  }

  static func readBack(of order: WriteOrder) -> ModbusRequest {
    .read(
      ModbusTable(order.spec.table), address: order.spec.address,
      count: UInt16(clamping: max(1, order.spec.wordCount)))
  }

  static func words(of response: ModbusResponse) -> [UInt16] {
    if let block = response.registers { return Array(block) }
    return (response.bits ?? []).map { $0 ? 1 : 0 }
  }
}
