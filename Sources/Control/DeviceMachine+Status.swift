extension DeviceMachine {
  /// The one word: what an operator must know first. A silence that an operator ordered stands before the
  /// drift that it covers; not being able to see the device stands before everything but a manifest that does
  /// not fit it.
  func status(of view: DeviceView) -> DeviceStatus {
    guard configuration != nil else { return .pending }
    if fault != nil || view.registers.contains(where: { Self.isMisfit($0.exception) }) { return .invalid }
    if failures > 0 { return .unreachable }
    if stale || view.registers.contains(where: { $0.exception != nil }) { return .stale }
    if view.shelf != nil { return .shelved }
    if view.suspendedBy != nil { return .suspended }
    let drifted = view.registers.filter { $0.inSync == false }
    if drifted.contains(where: { $0.contested && $0.shelf == nil }) { return .contested }
    if drifted.contains(where: { $0.shelf == nil }) { return .drifted }
    if !drifted.isEmpty { return .shelved }
    return lastRead == nil ? .pending : .inSync
  }

  /// Exceptions that say that the manifest asks for what the device does not have: illegal function, address,
  /// value.
  private static func isMisfit(_ exception: UInt8?) -> Bool {
    exception.map { (1...3).contains($0) } ?? false
  }

  func message(of view: DeviceView, _ now: Moment) -> String {
    if let fault { return "internal fault, corrections stopped: \(fault)" }
    switch view.status {
    case .unreachable:
      let retry = view.retryAt.map { ", retry in \(($0 - now.wall).brief)" } ?? ""
      return "unreachable: \(view.lastError ?? "no answer")\(retry)"
    case .invalid, .stale:
      if let register = view.registers.first(where: { $0.exception != nil }),
        let exception = register.exception
      {
        return "\(register.spec.name): the device refuses to give it (exception \(exceptionText(exception)))"
      }
      return lastRead.map { "no answer for \((now.instant - $0.instant).brief)" } ?? "no answer yet"
    case .shelved:
      let shelf = view.shelf ?? view.registers.lazy.compactMap(\.shelf).first
      return shelf.map { "shelved by \($0.by): \($0.reason)" } ?? "shelved"
    case .suspended: return "suspended by \(view.suspendedBy ?? "")"
    case .contested, .drifted: return driftMessage(view)
    case .pending: return phase == .pending ? "waiting to connect" : "waiting for the first read"
    case .inSync:
      return view.registers.contains { $0.spec.desired != nil } ? "in sync" : "monitored only"
    }
  }

  private func driftMessage(_ view: DeviceView) -> String {
    let drifted = view.registers.filter { $0.inSync == false && $0.shelf == nil }
    guard let first = drifted.first(where: \.contested) ?? drifted.first else { return "drifted" }
    let actual = first.actual.map { $0.formattedWithUnit(first.spec) } ?? "?"
    let desired = first.spec.desired.map { $0.formattedWithUnit(first.spec) } ?? "?"
    let more = drifted.count > 1 ? " and \(drifted.count - 1) more" : ""
    let what = first.contested ? "contested" : "drifted"
    return "\(what): \(first.spec.name) is \(actual), desired \(desired)\(more)"
  }
}
