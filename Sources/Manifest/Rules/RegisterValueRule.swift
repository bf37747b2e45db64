import Control

/// What a desired value may be: of the register's type, representable, inside the envelope.
enum RegisterValueRule {
  /// The value in the form that the control loop compares; the message when it is of the wrong kind.
  static func value(_ written: ManifestValue, as spec: RegisterSpec) -> Result<RegisterValue, ValueProblem> {
    switch (spec.table.isBits ? .bool : spec.type, written) {
    case (.bool, .bool(let value)): return .success(.bool(value))
    case (.bool, _):
      return .failure(ValueProblem("expected true or false, found \(ShapeChecker.described(written))"))
    case (.string, .string(let text)): return .success(.text(text))
    case (.string, _):
      return .failure(ValueProblem("expected text, found \(ShapeChecker.described(written))"))
    default: break
    }
    guard let number = written.number else {
      return .failure(ValueProblem("expected a number, found \(ShapeChecker.described(written))"))
    }
    guard isInteger(spec.type), spec.scale == 1, spec.offset == 0 else { return .success(.real(number)) }
    switch written {
    case .integer(let exact): return .success(.integer(exact))
    case .unsigned(let exact): return .success(.unsigned(exact))
    default:
      if let exact = Int64(exactly: number) { return .success(.integer(exact)) }
      if let exact = UInt64(exactly: number) { return .success(.unsigned(exact)) }
      let isWhole = number.rounded() == number
      return .failure(
        ValueProblem(
          "\(written.described) \(isWhole ? "does not fit" : "is no whole number, as") \(spec.type.rawValue)"
        ))
    }
  }

  struct ValueProblem: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  static func isInteger(_ type: RegisterType) -> Bool {
    switch type {
    case .uint16, .int16, .uint32, .int32, .uint64, .int64: true
    case .float32, .float64, .bool, .string: false
    }
  }

  static func findings(_ written: ManifestValue, _ register: RegisterDraft) -> [Finding] {
    let spec = register.spec
    func finding(_ message: String, _ severity: Diagnostic.Severity = .error) -> Finding {
      Finding(register.source, register.valueField, message, severity: severity)
    }
    let value: RegisterValue
    switch self.value(written, as: spec) {
    case .success(let understood): value = understood
    case .failure(let problem): return [finding(problem.message)]
    }
    if let number = value.number, spec.type != .bool, !spec.table.isBits {
      if let minimum = spec.minimum, number < minimum {
        return [finding("\(written.described) is below min \(ManifestValue.described(minimum))")]
      }
      if let maximum = spec.maximum, number > maximum {
        return [finding("\(written.described) is above max \(ManifestValue.described(maximum))")]
      }
    }
    do {
      let words = try RegisterCodec.encode(value, as: spec)
      return representation(of: value, held: RegisterCodec.decode(words, as: spec), written, spec).map {
        [finding($0.message, $0.severity)]
      } ?? []
    } catch {
      return [finding(message(error, written, spec))]
    }
  }

  private static func message(_ failure: EncodeFailure, _ written: ManifestValue, _ spec: RegisterSpec)
    -> String
  {
    switch failure {
    case .outOfRange(let minimum, let maximum):
      "\(written.described) does not fit \(spec.type.rawValue)"
        + (spec.scale == 1 && spec.offset == 0 ? "" : " with this scale and offset")
        + " (\(ManifestValue.described(minimum)) to \(ManifestValue.described(maximum)))"
    case .tooLong(let bytes, let capacity):
      "\(bytes) bytes of text do not fit length \(capacity / 2) (\(capacity) bytes)"
    default: "\(written.described) is \(failure)"
    }
  }

  /// A scaled register holds the nearest value it can; that must not leave the envelope, and is worth a word.
  private static func representation(
    of value: RegisterValue, held: RegisterValue?, _ written: ManifestValue, _ spec: RegisterSpec
  ) -> (message: String, severity: Diagnostic.Severity)? {
    guard isInteger(spec.type), let wanted = value.number, let actual = held?.number else { return nil }
    guard abs(actual - wanted) > abs(spec.scale) * 1e-6 else { return nil }
    let shown = ManifestValue.described(actual)
    if let minimum = spec.minimum, actual < minimum {
      return ("the nearest value the register can hold, \(shown), is below min", .error)
    }
    if let maximum = spec.maximum, actual > maximum {
      return ("the nearest value the register can hold, \(shown), is above max", .error)
    }
    return ("the register cannot hold \(written.described); the nearest is \(shown)", .warning)
  }
}
