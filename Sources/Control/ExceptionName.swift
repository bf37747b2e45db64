/// A Modbus exception code with its name (Modbus Application Protocol V1.1b3, §7): `2, illegal data address`.
public func exceptionText(_ code: UInt8) -> String {
  switch code {
  case 1: "1, illegal function"
  case 2: "2, illegal data address"
  case 3: "3, illegal data value"
  case 4: "4, server device failure"
  case 5: "5, acknowledge"
  case 6: "6, server device busy"
  case 8: "8, memory parity error"
  case 10: "10, gateway path unavailable"
  case 11: "11, gateway target device failed to respond"
  default: "\(code)"
  }
}
