extension MockDevice {
  /// What `mock-plc` is without a map: every address reads 0, but one holding register.
  public static func simple(register: UInt16 = 4001, value: UInt16 = 2500) -> MockDevice {
    MockDevice(
      registers: [MockRegister("setpoint", address: register, value: .integer(Int64(value)))])
  }
}
