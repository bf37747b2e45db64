extension DeviceMachine {
  /// The one word: what an operator must know first. A silence that an operator ordered stands before the
  /// drift that it covers; not being able to see the device stands before everything but a manifest that does
  /// not fit it. Allocates nothing: asked after every step.
  public func status(at now: Moment) -> DeviceStatus {
    guard let configuration else { return .pending }
    if fault != nil { return .invalid }
    var isUnreadable = false
    var drifts = Drifts()
    for index in registers.indices {
      if registers[index].flags.contains(.unreadable) {
        if Self.isMisfit(registers[index].exception) { return .invalid }
        isUnreadable = true
      }
      guard registers[index].flags.isDisjoint(with: .inSync), registers[index].flags.contains(.known),
        configuration.spec.registers[index].desired != nil
      else { continue }
      if isShelved(configuration.spec.registers[index].name, at: now) {
        drifts.isCovered = true
      } else if registers[index].past.first?.contest != nil {
        drifts.isContested = true
      } else {
        drifts.isOpen = true
      }
    }
    if failures > 0 { return .unreachable }
    if stale || isUnreadable { return .stale }
    if !shelves.isEmpty, deviceShelf(at: now) != nil { return .shelved }
    if suspension != nil { return .suspended }
    return drifts.status ?? (lastRead == nil ? .pending : .inSync)
  }

  private struct Drifts {
    var isContested = false
    var isOpen = false
    var isCovered = false

    var status: DeviceStatus? {
      if isContested { return .contested }
      if isOpen { return .drifted }
      return isCovered ? .shelved : nil
    }
  }

  private func isShelved(_ name: String, at now: Moment) -> Bool {
    !shelves.isEmpty && shelf(covering: name, at: now) != nil
  }

  /// Exceptions that say that the manifest asks for what the device does not have: illegal function, address,
  /// value.
  private static func isMisfit(_ exception: UInt8) -> Bool { (1...3).contains(exception) }

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
    let text = "\(what): \(first.spec.name) is \(actual), desired \(desired)\(more)"
    return first.reasonNotWritten.map { "\(text); not written: \($0)" } ?? text
  }
}

extension RegisterView {
  /// The first reason of the plant's why no write is happening. That this process only looks is none, nor is the age
  /// of the last read, which would make another text of every poll.
  public var reasonNotWritten: String? {
    guard inSync == false else { return nil }
    return refusals.first { ![1, 2, 8].contains($0.gate) }?.explanation
  }
}
