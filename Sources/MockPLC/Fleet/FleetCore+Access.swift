import Modbus

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension FleetCore {
  private func locate(plc: Int, unit: UInt8) throws(FleetAccessFailure) -> (PLC, Int) {
    guard plcs.indices.contains(plc) else { throw .noSuchPLC(plc) }
    guard let index = plcs[plc].unitIndex(unit) else { throw .noSuchUnit(unit) }
    return (plcs[plc], index)
  }

  func peek(
    plc: Int, unit: UInt8, _ table: ModbusTable, _ address: UInt16, count: Int
  ) throws(FleetAccessFailure) -> [UInt16] {
    let (plc, index) = try locate(plc: plc, unit: unit)
    guard count > 0, plc.units[index].image.exists(table, address, count: count) else {
      throw .noSuchAddress(address, count: count)
    }
    return plc.units[index].image.read(table, address, count: count, at: now)
  }

  func poke(
    plc: Int, unit: UInt8, _ table: ModbusTable, _ address: UInt16, _ words: [UInt16]
  ) throws(FleetAccessFailure) {
    let (plc, index) = try locate(plc: plc, unit: unit)
    guard !words.isEmpty, plc.units[index].image.exists(table, address, count: words.count) else {
      throw .noSuchAddress(address, count: words.count)
    }
    plc.units[index].image.write(table, address, words, at: now)
  }

  func value(plc: Int, unit: UInt8, of name: String) throws(FleetAccessFailure) -> MockValue {
    let (plc, index) = try locate(plc: plc, unit: unit)
    guard let register = plc.units[index].image.registers.first(where: { $0.name == name }) else {
      throw .noSuchRegister(name)
    }
    let count = register.table.isBits ? 1 : register.format.words
    let words = plc.units[index].image.read(register.table, register.address, count: count, at: now)
    return register.format.decode(words[...]) ?? .integer(0)
  }
}

extension CInt {
  /// What the operating system says about this error number, in words that name the remedy where there is
  /// one.
  var reason: String {
    switch self {
    case EADDRINUSE: "the port is in use"
    case EACCES: "no permission for this port (below 1024 it takes root)"
    case EADDRNOTAVAIL: "this machine has no such address"
    case EMFILE, ENFILE: "too many open files (see ulimit -n)"
    default: String(cString: strerror(self))
    }
  }
}
