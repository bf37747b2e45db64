extension Refusal {
  /// Which gate of design §5 refuses, 1 … 13; 0 for those that stand beside them.
  public var gate: Int {
    switch self {
    case .notControlling: 1
    case .notLeading: 2
    case .held: 3
    case .suspended, .shelved: 4
    case .autoCorrectOff: 5
    case .outsideWindow: 6
    case .outsideEnvelope, .stepTooLarge, .notWritable: 7
    case .staleObservation: 8
    case .permitWithheld: 9
    case .budgetSpent, .wornOut: 10
    case .contested: 11
    case .identityMismatch: 12
    case .untrustedSource: 13
    case .journalUnavailable, .uncertain, .backingOff, .faulted: 0
    case .reported(let gate, _, _): gate
    }
  }

  /// Every word that ``reason`` may be when this process decides.
  public static let reasons = [
    "NotControlling", "NotLeading", "Held", "Suspended", "Shelved", "AutoCorrectOff", "OutsideWindow",
    "OutsideEnvelope", "StepTooLarge", "NotWritable", "StaleObservation", "PermitWithheld", "BudgetSpent",
    "Contested", "IdentityMismatch", "UntrustedSource", "JournalUnavailable", "Uncertain", "BackingOff",
    "Faulted",
  ]

  /// A stable word for metrics and JSON.
  public var reason: String {
    switch self {
    case .notControlling: "NotControlling"
    case .notLeading: "NotLeading"
    case .held: "Held"
    case .suspended: "Suspended"
    case .shelved: "Shelved"
    case .autoCorrectOff: "AutoCorrectOff"
    case .outsideWindow: "OutsideWindow"
    case .outsideEnvelope: "OutsideEnvelope"
    case .stepTooLarge: "StepTooLarge"
    case .notWritable: "NotWritable"
    case .staleObservation: "StaleObservation"
    case .permitWithheld: "PermitWithheld"
    case .budgetSpent: "BudgetSpent"
    case .wornOut: "WornOut"
    case .contested: "Contested"
    case .identityMismatch: "IdentityMismatch"
    case .untrustedSource: "UntrustedSource"
    case .journalUnavailable: "JournalUnavailable"
    case .uncertain: "Uncertain"
    case .backingOff: "BackingOff"
    case .faulted: "Faulted"
    case .reported(_, let reason, _): reason
    }
  }

  /// One line in plain words, with what would change it. `clock` writes a time as its reader wants it.
  public func explanation(clock: (WallTime) -> String = { $0.utcClock }) -> String {
    switch self {
    case .notControlling(let mode):
      return mode == .attached
        ? "attached read-only: the cluster's operator writes, this screen does not"
        : "observing: started with --observe, or without the lock that only one process can have"
    case .notLeading(let holder):
      return holder.isEmpty
        ? "not leading: no valid lease or lock" : "not leading: \(holder) controls these devices"
    case .held(let hold):
      let why = hold.reason.isEmpty ? "" : " (\(hold.reason))"
      return "all writes are held by \(hold.by) since \(clock(hold.since))\(why)"
    case .suspended(let by): return "suspended by \(by)"
    case .shelved(let shelf):
      return "shelved by \(shelf.by) until \(clock(shelf.until)): \(shelf.reason)"
    case .autoCorrectOff: return "autoCorrect is off: sync by hand"
    case .outsideWindow(let opens):
      return opens.map { "outside the correction window; opens \(clock($0))" }
        ?? "outside the correction window; none opens in the next year"
    case .outsideEnvelope(let value, let low, let high):
      let bounds = "\(low.map(Self.number) ?? "…")…\(high.map(Self.number) ?? "…")"
      return "\(Self.number(value)) is outside the envelope \(bounds)"
    case .stepTooLarge(let step, let limit):
      return "a step of \(Self.number(step)) is larger than maxStep \(Self.number(limit))"
    case .notWritable: return "monitored only: nothing is desired, or the table is read-only"
    case .staleObservation(let age):
      return age.map { "not read in this cycle; last read \($0.brief) ago" } ?? "not read yet"
    case .permitWithheld(let rule, let found):
      let got = found.map { "is \($0)" } ?? "could not be read"
      return "permit \(rule.table.rawValue) \(rule.address) \(got), must be \(rule.equals)"
    case .budgetSpent(let limit, let next):
      return "write budget of \(limit) an hour is spent; next write \(clock(next))"
    case .wornOut(let written, let endurance):
      return
        "worn out: \(written) of \(endurance) writes are used; correction.writeEndurance says what it is made for"
    case .contested(let reverts, let delay, let retry):
      let after = delay.map { " \($0.brief) after each write" } ?? ""
      return "contested: put back \(reverts) times\(after); next try \(clock(retry))"
    case .identityMismatch(let expected, let found): return expected.difference(from: found)
    case .untrustedSource(let reason): return "the source is not trusted: \(reason)"
    case .journalUnavailable(let reason): return "the audit journal takes no records: \(reason)"
    case .uncertain: return "the last write was not answered: reading again before deciding"
    case .backingOff(let failures, let retry):
      return
        "the last \(failures == 1 ? "write" : "\(failures) writes") did not take; next try \(clock(retry))"
    case .faulted(let reason): return "stopped by an internal fault: \(reason)"
    case .reported(_, _, let explanation): return explanation
    }
  }

  public var explanation: String { explanation() }

  private static func number(_ value: Double) -> String {
    let rounded = value.rounded()
    return rounded == value && abs(value) < 1e15 ? String(Int64(rounded)) : String(value)
  }
}

extension DeviceIdentity {
  /// What a device says of itself against what is expected here, in one line.
  public func difference(from found: DeviceIdentity?) -> String {
    let fields = [
      ("vendorName", vendorName, found?.vendorName), ("productCode", productCode, found?.productCode),
      ("revision", revision, found?.revision),
    ]
    let wanted = fields.filter { $0.1 != nil && $0.1 != $0.2 }
    guard found != nil else {
      let all = wanted.map { "\($0.0) \($0.1 ?? "")" }.joined(separator: ", ")
      return "the device does not identify itself; the manifest demands \(all)"
    }
    let differences = wanted.map { name, expected, actual in
      "\(name) \(actual.map { $0.isEmpty ? "nothing" : $0 } ?? "nothing"), not \(expected ?? "")"
    }
    return "the device identifies itself as another one: \(differences.joined(separator: "; "))"
  }
}
