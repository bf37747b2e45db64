import ArgumentParser
import Foundation
import MockPLC
import Modbus

extension MockPLCCommand {
  /// Most PLCs in one process: one port each.
  private static let mostPLCs = 65_535

  mutating func validate() throws {
    if let count, !(1...Self.mostPLCs).contains(count) {
      throw ValidationError("--count \(count) is outside 1...\(Self.mostPLCs)")
    }
    if !addresses, port > 0, let count, Int(port) + count - 1 > 65_535 {
      throw ValidationError("--count \(count) from port \(port) goes beyond port 65535")
    }
    guard maxDrift.isFinite, maxDrift >= 0 else {
      throw ValidationError("--max-drift \(maxDrift) is below 0")
    }
    if !map.isEmpty, !register.isEmpty || !value.isEmpty {
      throw ValidationError("--register and --value cannot go with --map: the map says it")
    }
    if value.count > 1, value.count != max(1, register.count) {
      throw ValidationError("\(value.count) times --value, but \(max(1, register.count)) times --register")
    }
    if let twice = register.first(where: { one in register.filter { $0 == one }.count > 1 }) {
      throw ValidationError("--register \(twice) is there twice")
    }
    let tls = [tlsCert, tlsKey, tlsCa]
    if tls.contains(where: { $0 != nil }), tls.contains(nil) {
      throw ValidationError("--tls-cert, --tls-key and --tls-ca belong together")
    }
    if !writeRole.isEmpty, tlsCert == nil {
      throw ValidationError(
        "--write-role needs --tls-cert, --tls-key and --tls-ca: roles are in certificates")
    }
    if rehearse != nil, duration != nil {
      throw ValidationError("--rehearse and --duration cannot go together")
    }
  }

  /// Everything the flags and files say.
  func fleet() throws -> FleetConfiguration {
    let base = try devices()
    var plcs = FleetConfiguration.devices(base, count: count ?? base.count)
    if let identity {
      let own = try Self.naming("--identity") { try MockIdentity(text: identity) }
      for index in plcs.indices { plcs[index].identity = own }
    }
    let script = try self.script.map { file in
      try Script(yaml: Self.contents(of: file, "--script"), file: file, for: plcs)
    }
    let interval = try Self.span(chaosInterval, "--chaos-interval", atLeast: .milliseconds(1))
    let horizon = try duration.map { try Self.span($0, "--duration") }
    return FleetConfiguration(
      plcs: plcs, placement: addresses ? .consecutiveAddresses : .consecutivePorts, host: bind,
      firstPort: Int(port), seed: seed,
      chaos: chaos ? ChaosPlan(interval: interval, maxDrift: maxDrift) : nil, faults: try faults(),
      unitIDs: try unitIDs(), script: script ?? Script(), isVerbose: verbose, keepsWrites: 0,
      security: security(), horizon: horizon ?? .never)
  }

  private func security() -> FleetSecurity? {
    guard let tlsCert, let tlsKey, let tlsCa else { return nil }
    return FleetSecurity(
      files: CredentialFiles(certificate: tlsCert, privateKey: tlsKey, authorities: tlsCa),
      writers: Set(writeRole))
  }

  private func devices() throws -> [MockDevice] {
    guard map.isEmpty else {
      return try map.map { try MockDevice(yaml: Self.contents(of: $0, "--map"), file: $0) }
    }
    let addresses = register.isEmpty ? [4001] : register
    let values = value.isEmpty ? [2500] : value
    let registers = addresses.enumerated().map { index, address in
      MockRegister(
        addresses.count == 1 ? "setpoint" : "setpoint-\(address)", address: address,
        value: .integer(Int64(values[min(index, values.count - 1)])))
    }
    return [MockDevice(registers: registers)]
  }

  private func faults() throws -> [FaultSpec] {
    try fault.flatMap { text in try Self.naming("--fault") { try FaultSpec.list(text) } }
  }

  private func unitIDs() throws -> [UInt8]? {
    guard let units else { return nil }
    guard let ids = MockUnit.ids(units) else {
      throw ValidationError("--units '\(units)' is not ids or ranges in 0...255, such as 1-16 or 1,3,7")
    }
    return ids
  }

  static func span(_ text: String, _ flag: String, atLeast least: Elapsed = .zero) throws -> Elapsed {
    guard let span = Elapsed(text: text), span >= least else {
      throw ValidationError("\(flag) '\(text)' is not a time, write seconds or such as 500ms, 1.5s, 2m")
    }
    return span
  }

  /// Puts the flag's name before what is wrong with it.
  private static func naming<Value>(_ flag: String, _ body: () throws -> Value) throws -> Value {
    do { return try body() } catch { throw ValidationError("\(flag): \(error)") }
  }

  private static let largestFile = 16 << 20

  private static func contents(of file: String, _ flag: String) throws -> String {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: file))
    } catch {
      let reason = FileManager.default.fileExists(atPath: file) ? "cannot be read" : "there is no such file"
      throw ValidationError("\(flag) \(file): \(reason)")
    }
    guard data.count <= largestFile else { throw ValidationError("\(flag) \(file): is larger than 16 MB") }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ValidationError("\(flag) \(file): is not UTF-8")
    }
    return text
  }
}
