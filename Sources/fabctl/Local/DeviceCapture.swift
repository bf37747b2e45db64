import Control
import Modbus

/// A run of addresses of one table: `4001`, `4001-4010`, `4001+10`, with `coil:` or another table before it.
struct AddressRange: Hashable {
  var table: RegisterTable?
  var first: Int
  var last: Int

  /// `nil`: not a range.
  init?(_ text: String) {
    var rest = text[...]
    if let colon = rest.firstIndex(of: ":") {
      guard let table = RegisterTable(rawValue: String(rest[..<colon])) else { return nil }
      self.table = table
      rest = rest[rest.index(after: colon)...]
    }
    let isCount = rest.contains("+")
    let numbers = rest.split(separator: isCount ? "+" : "-", omittingEmptySubsequences: false)
    guard (1...2).contains(numbers.count), let first = UInt16(numbers[0]) else { return nil }
    self.first = Int(first)
    last = self.first
    if numbers.count == 2 {
      guard let second = Int(numbers[1]) else { return nil }
      last = isCount ? self.first &+ second &- 1 : second
    }
    guard last >= self.first, last <= 65_535 else { return nil }
  }
}

/// Reads a device's registers, splitting what it refuses, so that one missing register hides no other.
struct DeviceCapture {
  let client: ModbusClient
  let unit: UInt8
  let timeout: Duration
  /// Most registers one request may ask for.
  let mostRegisters: Int
  private(set) var words: [RegisterTable: [Int: UInt16]] = [:]
  /// Refused by the device, with its exception.
  private(set) var refused: [(table: RegisterTable, addresses: ClosedRange<Int>, why: ModbusException)] = []

  init(client: ModbusClient, unit: UInt8, timeout: Duration, mostRegisters: Int) {
    self.client = client
    self.unit = unit
    self.timeout = timeout
    self.mostRegisters = mostRegisters
  }

  /// Throws `RequestFailure` when the wire fails.
  mutating func read(_ table: RegisterTable, _ addresses: ClosedRange<Int>) async throws {
    let most = table.isBits ? 2000 : mostRegisters
    var first = addresses.lowerBound
    while first <= addresses.upperBound {
      let last = min(addresses.upperBound, first + most - 1)
      try await readOrSplit(table, first...last)
      first = last + 1
    }
  }

  private mutating func readOrSplit(_ table: RegisterTable, _ addresses: ClosedRange<Int>) async throws {
    let start = UInt16(clamping: addresses.lowerBound)
    let count = UInt16(clamping: addresses.count)
    do {
      let found: [UInt16]
      switch table {
      case .coil, .discrete:
        found = try await client.readBits(
          table == .coil ? .coil : .discrete, address: start, count: count, unitId: unit, timeout: timeout
        ).map { $0 ? 1 : 0 }
      case .holding, .input:
        found = try await client.readRegisters(
          table == .holding ? .holding : .input, address: start, count: count, unitId: unit, timeout: timeout)
      }
      for (offset, word) in found.enumerated() {
        words[table, default: [:]][addresses.lowerBound + offset] = word
      }
    } catch RequestFailure.refused(let refusal) {
      guard addresses.count > 1, refusal.exception != .illegalFunction else {
        return note(table, addresses, refusal.exception)
      }
      let middle = addresses.lowerBound + addresses.count / 2
      try await readOrSplit(table, addresses.lowerBound...(middle - 1))
      try await readOrSplit(table, middle...addresses.upperBound)
    }
  }

  private mutating func note(_ table: RegisterTable, _ addresses: ClosedRange<Int>, _ why: ModbusException) {
    if let last = refused.last, last.table == table, last.why == why,
      last.addresses.upperBound + 1 == addresses.lowerBound
    {
      refused[refused.count - 1].addresses = last.addresses.lowerBound...addresses.upperBound
    } else {
      refused.append((table, addresses, why))
    }
  }

  /// Function 43/14; `nil` where the device does not know it.
  func identity() async -> DeviceIdentity? {
    guard let objects = try? await client.readIdentification(.basic, unitId: unit, timeout: timeout) else {
      return nil
    }
    func text(_ id: UInt8) -> String? {
      objects.first { $0.id == id }.map(\.text).flatMap { $0.isEmpty ? nil : $0 }
    }
    let found = DeviceIdentity(
      vendorName: text(IdentificationObject.vendorName), productCode: text(IdentificationObject.productCode))
    return found.vendorName == nil && found.productCode == nil ? nil : found
  }
}
