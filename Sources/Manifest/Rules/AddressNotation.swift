import Control

/// How a manifest counts registers (`spec.addressBase`).
///
/// Base 0: protocol addresses, 0…65535, as they go over the wire.
///
/// Base 1: as vendors' manuals do. 1…65536 counts within the register's own table; a Modicon reference
/// (40001…49999 or 400001…465536 for holding registers, 30001… and 300001… for input registers, 10001… and
/// 100001… for discrete inputs) carries its table with it. A number that is the reference of another table
/// is refused: whether the table or the number is wrong, only its author knows. Holding register 40001
/// counted from 1 is written 440001.
enum AddressNotation {
  struct Problem: Error, Equatable {
    let message: String
    init(_ message: String) { self.message = message }
  }

  static func protocolAddress(_ written: Int, base: Int, table: RegisterTable) throws(Problem) -> UInt16 {
    guard base == 1 else {
      guard let address = UInt16(exactly: written) else {
        throw Problem(
          "\(written) is above 65535"
            + (isReference(written) ? " (a Modicon reference? set addressBase: 1)" : ""))
      }
      return address
    }
    if let reference = reference(written), table != .coil || written > 65_536 {
      guard reference.table == table else {
        throw Problem(
          "\(written) is the Modicon reference of table \(reference.table.rawValue),"
            + " but table is \(table.rawValue)"
            + ownReference(written, table))
      }
      return reference.address
    }
    guard written >= 1 else { throw Problem("0 is below 1 (addressBase is 1)") }
    guard let address = UInt16(exactly: written - 1) else {
      throw Problem("\(written) is neither 1 to 65536 nor a Modicon reference of table \(table.rawValue)")
    }
    return address
  }

  private static func isReference(_ written: Int) -> Bool { reference(written) != nil }

  private static func ownReference(_ written: Int, _ table: RegisterTable) -> String {
    guard written <= 65_536, let leading = digit(of: table) else { return "" }
    return "; register \(written) of that table is written \(leading * 100_000 + written)"
  }

  private static func digit(of table: RegisterTable) -> Int? {
    switch table {
    case .holding: 4
    case .input: 3
    case .discrete: 1
    case .coil: nil
    }
  }

  /// Table and protocol address of a five- or six-digit reference.
  private static func reference(_ written: Int) -> (table: RegisterTable, address: UInt16)? {
    for table in [RegisterTable.holding, .input, .discrete] {
      guard let leading = digit(of: table) else { continue }
      for (unit, last) in [(10_000, 9999), (100_000, 65_536)] {
        let number = written - leading * unit
        if (1...last).contains(number), let address = UInt16(exactly: number - 1) { return (table, address) }
      }
    }
    return nil
  }
}
