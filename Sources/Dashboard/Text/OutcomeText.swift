import Control

extension WriteOutcome {
  /// How the last write ended, in plain words.
  func sentence(_ format: ValueFormat) -> String {
    switch self {
    case .verified: "written and read back"
    case .heldAtNextPoll: "written, and it held"
    case .ignored(let actual): "ignored by the device: still \(format.text(actual))"
    case .reverted(let actual, let after): "put back to \(format.text(actual)) after \(after.brief)"
    case .refusedByDevice(let exception): "refused by the device: \(exceptionName(exception))"
    case .uncertain(let problem): "uncertain, not repeated: \(problem)"
    case .notSent(let reason): "not sent: \(reason)"
    case .unverified(let problem): "written but not read back: \(problem)"
    }
  }

  var isGood: Bool {
    switch self {
    case .verified, .heldAtNextPoll: true
    default: false
    }
  }
}

/// The name of a Modbus exception code (Application Protocol V1.1b3, §7).
func exceptionName(_ code: UInt8) -> String {
  let name: String? =
    switch code {
    case 1: "illegal function"
    case 2: "illegal data address"
    case 3: "illegal data value"
    case 4: "server device failure"
    case 5: "acknowledge"
    case 6: "server device busy"
    case 8: "memory parity error"
    case 10: "gateway path unavailable"
    case 11: "gateway target failed to respond"
    default: nil
    }
  return name.map { "exception \(code), \($0)" } ?? "exception \(code)"
}
