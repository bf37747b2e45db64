import Modbus

extension PLC {
  /// Does what a request asks, as far as the exchange lets it.
  func execute(
    _ request: ModbusRequest, unit: Int, connection: UInt64, id: UInt8, at now: Elapsed,
    verdict: inout Verdict
  ) -> Verdict.Answer {
    switch request {
    case .readCoils(let address, let count):
      return bits(.coil, address, count, unit, now) { .readCoils($0) }
    case .readDiscreteInputs(let address, let count):
      return bits(.discrete, address, count, unit, now) { .readDiscreteInputs($0) }
    case .readHoldingRegisters(let address, let count):
      return registers(.holding, address, count, unit, now) { .readHoldingRegisters($0) }
    case .readInputRegisters(let address, let count):
      return registers(.input, address, count, unit, now) { .readInputRegisters($0) }
    case .readDeviceIdentification(let access, let object):
      let page = IdentificationPage.answering(access: access, from: object, identity: device.identity.objects)
      return page.map { .response(.readDeviceIdentification($0)) } ?? .exception(.illegalDataAddress)
    case .readWriteMultipleRegisters(let readAddress, let readCount, _, _):
      guard units[unit].image.exists(.holding, readAddress, count: Int(readCount)) else {
        verdict.write = record(request, id, connection, now, .refused)
        return .exception(.illegalDataAddress)
      }
      if let exception = write(request, unit, connection, id, now, &verdict) { return .exception(exception) }
      return registers(.holding, readAddress, readCount, unit, now) { .readWriteMultipleRegisters($0) }
    default:
      if let exception = write(request, unit, connection, id, now, &verdict) { return .exception(exception) }
      return .response(Self.confirmation(of: request))
    }
  }

  private func registers(
    _ table: ModbusTable, _ address: UInt16, _ count: UInt16, _ unit: Int, _ now: Elapsed,
    _ response: (RegisterBlock) -> ModbusResponse
  ) -> Verdict.Answer {
    guard units[unit].image.exists(table, address, count: Int(count)) else {
      return .exception(.illegalDataAddress)
    }
    return .response(
      response(RegisterBlock(units[unit].image.read(table, address, count: Int(count), at: now))))
  }

  private func bits(
    _ table: ModbusTable, _ address: UInt16, _ count: UInt16, _ unit: Int, _ now: Elapsed,
    _ response: (BitBlock) -> ModbusResponse
  ) -> Verdict.Answer {
    guard units[unit].image.exists(table, address, count: Int(count)) else {
      return .exception(.illegalDataAddress)
    }
    let words = units[unit].image.read(table, address, count: Int(count), at: now)
    return .response(response(BitBlock(words.lazy.map { $0 != 0 })))
  }

  private static func confirmation(of request: ModbusRequest) -> ModbusResponse {
    switch request {
    case .writeSingleCoil(let address, let value): .writeSingleCoil(address: address, value: value)
    case .writeSingleRegister(let address, let value): .writeSingleRegister(address: address, value: value)
    case .writeMultipleCoils(let address, let values):
      .writeMultipleCoils(address: address, count: UInt16(clamping: values.count))
    case .writeMultipleRegisters(let address, let values):
      .writeMultipleRegisters(address: address, count: UInt16(clamping: values.count))
    case .maskWriteRegister(let address, let and, let or):
      .maskWriteRegister(address: address, and: and, or: or)
    default: .readHoldingRegisters(RegisterBlock([]))
    }
  }

  // MARK: Writes

  /// Writes; the exception when it may not.
  private func write(
    _ request: ModbusRequest, _ unit: Int, _ connection: UInt64, _ id: UInt8, _ now: Elapsed,
    _ verdict: inout Verdict
  ) -> ModbusException? {
    guard let (table, address, count) = Self.target(of: request) else { return .illegalFunction }
    guard units[unit].image.exists(table, address, count: count),
      units[unit].image.isWritable(table, address, count: count)
    else {
      verdict.write = record(request, id, connection, now, .refused)
      return .illegalDataAddress
    }
    guard verdict.exchange.takesEffect else {
      verdict.write = record(request, id, connection, now, .ignored)
      return nil
    }
    let record = record(request, id, connection, now, .applied)
    guard let record else { return nil }
    units[unit].image.write(table, address, record.asked, at: now)
    verdict.write = record
    if let delay = verdict.exchange.revertsAfter { verdict.revert = (delay, unit, record.before) }
    return nil
  }

  /// What a write request is about.
  private static func target(of request: ModbusRequest) -> (ModbusTable, UInt16, Int)? {
    switch request {
    case .writeSingleCoil(let address, _): (.coil, address, 1)
    case .writeMultipleCoils(let address, let values): (.coil, address, values.count)
    case .writeSingleRegister(let address, _), .maskWriteRegister(let address, _, _): (.holding, address, 1)
    case .writeMultipleRegisters(let address, let values): (.holding, address, values.count)
    case .readWriteMultipleRegisters(_, _, let address, let values): (.holding, address, values.count)
    default: nil
    }
  }

  private static func asked(by request: ModbusRequest, before: [UInt16]) -> [UInt16] {
    switch request {
    case .writeSingleCoil(_, let value): [value ? 1 : 0]
    case .writeMultipleCoils(_, let values): values.map { $0 ? 1 : 0 }
    case .writeSingleRegister(_, let value): [value]
    case .maskWriteRegister(_, let and, let or): before.map { ($0 & and) | (or & ~and) }
    case .writeMultipleRegisters(_, let values), .readWriteMultipleRegisters(_, _, _, let values):
      Array(values)
    default: []
    }
  }

  /// The record of a write; `nil` for a request that is none.
  func record(
    _ request: ModbusRequest, _ id: UInt8, _ connection: UInt64, _ now: Elapsed,
    _ outcome: WriteRecord.Outcome
  ) -> WriteRecord? {
    guard let (table, address, count) = Self.target(of: request), let unit = unitIndex(id) else { return nil }
    let exists = units[unit].image.exists(table, address, count: count)
    let before = exists ? units[unit].image.read(table, address, count: count, at: now) : []
    return WriteRecord(
      time: now, plc: index, connection: connection, unit: id, function: request.function.rawValue,
      table: table,
      address: address, before: before, asked: Self.asked(by: request, before: before), outcome: outcome)
  }
}
