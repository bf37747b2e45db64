import Modbus

/// How a fleet speaks Modbus/TCP Security, and who may write.
public struct FleetSecurity: Sendable, Hashable {
  public var files: CredentialFiles
  /// Roles in client certificates that may write; others only read. Empty: every client that is let in may.
  public var writers: Set<String>

  public init(files: CredentialFiles, writers: Set<String> = []) {
    self.files = files
    self.writers = writers
  }

  /// A request that a role may not make is answered with exception 0x01 (MODBUS/TCP Security V36, section 8.3).
  static let refusal = ModbusException.illegalFunction

  func mayWrite(role: String?) -> Bool { writers.isEmpty || role.map(writers.contains) ?? false }
}
