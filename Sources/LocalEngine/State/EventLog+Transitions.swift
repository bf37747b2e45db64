import Control
import Fleet

/// The words for each transition: severity, a stable reason, and one line for people.
struct TransitionWording {
  var severity: FleetEvent.Severity
  var register: String?
  var reason: String
  var message: String

  init(_ severity: FleetEvent.Severity, _ reason: String, _ message: String, register: String? = nil) {
    self.severity = severity
    self.register = register
    self.reason = reason
    self.message = message
  }

  /// `nil`: not worth a line of its own (phase changes and writes that others describe).
  static func of(_ transition: Transition, spec: DeviceSpec) -> TransitionWording? {
    switch transition {
    case .phase, .specChanged: return nil
    case .writeFinished(let order, let outcome): return write(order, outcome)
    case .driftDetected, .driftCleared, .corrected, .writeRefused, .contested, .contestEnded,
      .registerUnreadable, .registerReadable:
      return register(transition, spec: spec)
    case .shelved, .unshelved, .suspended, .resumed, .syncFinished:
      return operatorAction(transition)
    case .connected, .connectionLost, .connectFailed, .stale, .fresh, .identity, .released,
      .invariantViolated:
      return device(transition)
    }
  }

  private static func register(_ transition: Transition, spec: DeviceSpec) -> TransitionWording? {
    func named(_ index: Int) -> RegisterSpec? {
      spec.registers.indices.contains(index) ? spec.registers[index] : nil
    }
    func text(_ value: RegisterValue, _ register: RegisterSpec) -> String {
      value.formattedWithUnit(register)
    }
    switch transition {
    case .driftDetected(let index, let desired, let actual, _, _):
      guard let register = named(index) else { return nil }
      return .init(
        .warning, "DriftDetected",
        "Drift detected: \(register.name) is \(text(actual, register)), Git says \(text(desired, register))",
        register: register.name)
    case .driftCleared(let index, let actual):
      guard let register = named(index) else { return nil }
      return .init(
        .notice, "DriftCleared",
        "\(register.name) is back in sync at \(text(actual, register)), without a write",
        register: register.name)
    case .corrected(let index, let from, let to):
      guard let register = named(index) else { return nil }
      return .init(
        .notice, "DriftCorrected",
        "Corrected \(register.name): \(text(from, register)) → \(text(to, register)), read back",
        register: register.name)
    case .writeRefused(let index, let reasons):
      guard let register = named(index), !reasons.isEmpty else { return nil }
      let lines = reasons.map { $0.explanation }.joined(separator: "; ")
      return .init(.notice, "WriteRefused", "Not writing \(register.name): \(lines)", register: register.name)
    case .contested(let index, let reverts, let delay):
      guard let register = named(index) else { return nil }
      let after = delay.map { ", \($0.brief) after each write" } ?? ""
      return .init(
        .alarm, "Contested", "\(register.name) was put back \(reverts) times\(after): writing stopped",
        register: register.name)
    case .contestEnded(let index):
      guard let register = named(index) else { return nil }
      return .init(
        .notice, "ContestEnded", "\(register.name) is no longer contested", register: register.name)
    case .registerUnreadable(let index, let exception):
      guard let register = named(index) else { return nil }
      return .init(
        .warning, "RegisterUnreadable",
        "The device refuses to give \(register.name): exception \(exceptionText(exception))",
        register: register.name)
    case .registerReadable(let index):
      guard let register = named(index) else { return nil }
      return .init(.notice, "RegisterReadable", "\(register.name) can be read again", register: register.name)
    default: return nil
    }
  }

  private static func device(_ transition: Transition) -> TransitionWording? {
    switch transition {
    case .connected(let failures):
      return failures == 0
        ? .init(.info, "Connected", "Connected")
        : .init(.notice, "ConnectionRestored", "Connection restored after \(failures) failed attempts")
    case .connectionLost(let problem): return .init(.warning, "ConnectionLost", "Connection lost: \(problem)")
    case .connectFailed(let problem, let attempt, let retry):
      // Attempt 1, 2, 4, 8 …: a PLC that stays away must not fill the pane.
      guard attempt > 0, attempt & (attempt - 1) == 0 else { return nil }
      return .init(
        .warning, "ConnectionFailed",
        "Cannot connect (attempt \(attempt)): \(problem); next try in \(retry.brief)")
    case .stale: return .init(.warning, "Stale", "No successful read for three poll intervals")
    case .fresh: return .init(.notice, "Fresh", "Values are fresh again")
    case .identity(let expected, let found):
      return .init(.alarm, "IdentityMismatch", "Not this device: \(expected.difference(from: found))")
    case .released: return .init(.notice, "Released", "Released: its manifest is gone; nothing was written")
    case .invariantViolated(let what):
      return .init(.alarm, "InvariantViolated", "Internal check failed, corrections stop here: \(what)")
    default: return nil
    }
  }

  private static func operatorAction(_ transition: Transition) -> TransitionWording? {
    switch transition {
    case .shelved(let shelf):
      return .init(.notice, "Shelved", "Shelved by \(shelf.by): \(shelf.reason)", register: shelf.register)
    case .unshelved(let register, let by, let expired):
      return .init(
        .notice, "Unshelved", expired ? "The shelf of \(by) has expired" : "Unshelved by \(by)",
        register: register)
    case .suspended(let by):
      return .init(.notice, "Suspended", "Suspended by \(by): reading on, never writing")
    case .resumed(let by): return .init(.notice, "Resumed", "Resumed by \(by)")
    case .syncFinished(let request, let results): return sync(request, results)
    default: return nil
    }
  }

  /// With the first reason: whoever asked must not have to look for it.
  private static func sync(_ request: SyncRequest, _ results: [SyncResult]) -> TransitionWording {
    let corrected = results.count { $0.outcome == .corrected }
    let reasons = results.compactMap { result -> String? in
      switch result.outcome {
      case .corrected, .alreadyInSync: nil
      case .refused(let list): "\(result.name): \(list.map { $0.explanation }.joined(separator: "; "))"
      case .failed(let why): "\(result.name): \(why)"
      }
    }
    var text = "Sync by \(request.by): \(corrected) corrected, \(reasons.count) not, of \(results.count)"
    if let first = reasons.first { text += "; \(first)" }
    if reasons.count > 1 { text += " (and \(reasons.count - 1) more)" }
    return .init(reasons.isEmpty ? .notice : .warning, "SyncFinished", text)
  }

  private static func write(_ order: WriteOrder, _ outcome: WriteOutcome) -> TransitionWording? {
    let name = order.spec.name
    switch outcome {
    case .verified, .heldAtNextPoll: return nil
    case .ignored(let actual):
      return .init(
        .warning, "WriteIgnored",
        "\(name): the device acknowledged \(order.value.formattedWithUnit(order.spec)) but still shows "
          + actual.formattedWithUnit(order.spec), register: name)
    case .reverted(let actual, let after):
      return .init(
        .warning, "WriteReverted",
        "\(name) was put back to \(actual.formattedWithUnit(order.spec)) after \(after.brief)",
        register: name)
    case .refusedByDevice(let exception):
      return .init(
        .warning, "WriteRefusedByDevice",
        "\(name): the device refused the write: exception \(exceptionText(exception))", register: name)
    case .uncertain(let problem):
      return .init(
        .warning, "WriteUncertain",
        "\(name): no answer to the write (\(problem)); reading again before deciding",
        register: name)
    case .notSent(let reason):
      return .init(.warning, "WriteNotSent", "\(name): nothing was sent: \(reason)", register: name)
    case .unverified(let problem):
      return .init(.warning, "WriteUnverified", "\(name): could not be read back: \(problem)", register: name)
    }
  }
}
