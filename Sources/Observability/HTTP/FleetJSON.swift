import Control
import Fleet

/// The JSON of `/api/v1` (docs/reference/openapi.yaml).
enum FleetJSON {
  // MARK: Fleet

  /// Everything but the devices.
  static func header(_ snapshot: FleetSnapshot, _ json: inout JSONWriter) {
    json.member("sequence", snapshot.sequence)
    json.member("at", snapshot.at)
    json.member("mode", snapshot.mode.rawValue)
    json.object("source") { source(snapshot.source, &$0) }
    json.object("gates") { gates(snapshot.gates, &$0) }
    json.object("health") { json in
      json.member("pollLagSeconds", number: snapshot.health.pollLag.seconds)
      json.member("pollsPerSecond", number: snapshot.health.pollsPerSecond)
      json.member("connections", snapshot.health.connections)
      json.array("problems") { json in for problem in snapshot.health.problems { json.string(problem) } }
      json.member("controller", snapshot.health.controller)
    }
    json.object("totals") { json in
      json.member("devices", snapshot.totals.devices)
      json.object("byStatus") { json in
        for status in DeviceStatus.allCases where snapshot.totals[status] > 0 {
          json.member(key: status.rawValue, snapshot.totals[status])
        }
      }
    }
  }

  private static func source(_ source: SourceStatus, _ json: inout JSONWriter) {
    json.member("origin", source.origin)
    json.member("revision", source.revision)
    json.member("author", source.author)
    json.member("time", source.time)
    json.member("subject", source.subject)
    switch source.state {
    case .loading: json.member("state", "loading")
    case .good: json.member("state", "good")
    case .invalid(let revision, let problems):
      json.member("state", "invalid")
      json.member("invalidRevision", revision)
      json.array("problems") { json in for problem in problems.prefix(100) { json.string(problem) } }
    case .unavailable(let reason, let since):
      json.member("state", "unavailable")
      json.member("reason", reason)
      json.member("since", since)
    }
  }

  private static func gates(_ gates: FleetGates, _ json: inout JSONWriter) {
    json.member("leading", gates.leadershipUntil != nil)
    json.member("leader", gates.leader.isEmpty ? nil : gates.leader)
    if let hold = gates.hold {
      json.object("hold") { json in
        json.member("by", hold.by)
        json.member("since", hold.since)
        json.member("reason", hold.reason)
      }
    }
    json.member("journalProblem", gates.journalProblem)
    json.member("trustProblem", gates.trustProblem)
  }

  // MARK: Devices

  static func device(_ device: DeviceSnapshot, _ json: inout JSONWriter) {
    let spec = device.spec
    let view = device.view
    json.member("namespace", spec.id.namespace)
    json.member("name", spec.id.name)
    json.member("address", spec.address)
    json.member("port", spec.port)
    json.member("unitId", spec.unitID)
    json.member("pollIntervalSeconds", number: spec.pollInterval.seconds)
    json.member("timeoutSeconds", number: spec.timeout.seconds)
    json.member("addressBase", spec.addressBase)
    json.member("autoCorrect", spec.autoCorrect)
    json.member("suspend", spec.suspend)
    json.array("tags") { json in for tag in spec.tags { json.string(tag) } }
    json.object("labels") { json in for label in spec.labels { json.member(key: label.key, label.value) } }
    json.member("phase", view.phase.rawValue)
    json.member("status", view.status.rawValue)
    json.member("message", view.message)
    json.member("driftEvents", view.driftEvents)
    json.member("corrections", view.corrections)
    json.member("lastRead", view.lastRead)
    json.member("lastTransition", view.lastTransition)
    json.member("lastError", view.lastError)
    json.member("failures", view.failures)
    json.member("retryAt", view.retryAt)
    json.member("stale", view.stale)
    json.member("uncertain", view.uncertain)
    json.member("suspendedBy", view.suspendedBy)
    if let shelf = view.shelf { json.object("shelf") { self.shelf(shelf, &$0) } }
    json.member("acknowledgedBy", device.acknowledgedBy)
    json.array("registers") { json in
      for (index, register) in view.registers.enumerated() {
        let source = index < device.sources.count ? device.sources[index] : nil
        json.object { self.register(register, source, &$0) }
      }
    }
  }

  /// Devices that were read again, by the numbers that a brief stream gave them; times in milliseconds after `at`.
  static func reads(
    _ reads: [(number: Int, reading: Rereading)], at: WallTime, _ json: inout JSONWriter
  ) {
    json.member("at", at)
    json.array("devices") { json in
      for (number, reading) in reads {
        json.integer(number)
        json.integer(reading.at.milliseconds - at.milliseconds)
      }
    }
    guard reads.contains(where: { !$0.reading.words.isEmpty }) else { return }
    json.array("words") { json in
      for (number, reading) in reads {
        for new in reading.words {
          json.array { json in
            json.integer(number)
            json.integer(new.register)
            for word in new.words { json.integer(word) }
          }
        }
      }
    }
  }

  private static func wear(_ wear: WriteWear, _ json: inout JSONWriter) {
    json.object("writeWear") { json in
      json.member("written", wear.written)
      json.member("endurance", wear.endurance)
      json.member("perDay", number: wear.perDay)
      json.member("daysLeft", number: wear.daysLeft)
    }
  }

  private static func shelf(_ shelf: Shelf, _ json: inout JSONWriter) {
    json.member("by", shelf.by)
    json.member("since", shelf.since)
    json.member("until", shelf.until)
    json.member("reason", shelf.reason)
    json.member("register", shelf.register)
  }

  private static func register(
    _ view: RegisterView, _ source: SourceLocation?, _ json: inout JSONWriter
  ) {
    let spec = view.spec
    json.member("name", spec.name)
    json.member("address", spec.address)
    json.member("table", spec.table.rawValue)
    json.member("type", spec.type.rawValue)
    meaning(spec, &json)
    json.member("desired", spec.desired)
    json.member("tolerance", number: spec.tolerance)
    json.member("min", number: spec.minimum)
    json.member("max", number: spec.maximum)
    json.member("maxStep", number: spec.maxStep)
    json.member("autoCorrect", spec.autoCorrect)
    json.member("actual", view.actual)
    json.array("raw") { json in for word in view.rawWords { json.integer(word) } }
    json.member("lastRead", view.lastRead)
    json.member("inSync", view.inSync)
    if let exception = view.exception { json.member("exception", exception) }
    json.member("driftAfter", view.driftAfter)
    json.member("driftSeen", view.driftSeen)
    json.member("lastCorrection", view.lastCorrection)
    json.member("driftEvents", view.driftEvents)
    json.member("corrections", view.corrections)
    json.member("contested", view.contested)
    json.member("writeBudgetLeft", view.budgetLeft)
    if let wear = view.wear { self.wear(wear, &json) }
    if let outcome = view.lastOutcome { json.object("lastOutcome") { self.outcome(outcome, &$0) } }
    if let shelf = view.shelf { json.object("shelf") { self.shelf(shelf, &$0) } }
    json.array("refusals") { json in
      for refusal in view.refusals {
        json.object { json in
          json.member("gate", refusal.gate)
          json.member("reason", refusal.reason)
          json.member("explanation", refusal.explanation)
        }
      }
    }
    if let source {
      json.object("source") { json in
        json.member("file", source.file)
        json.member("line", source.line)
      }
    }
  }

  /// How the words are to be understood; what a manifest leaves out is left out here.
  private static func meaning(_ spec: RegisterSpec, _ json: inout JSONWriter) {
    if spec.order != .abcd { json.member("order", spec.order.rawValue) }
    if let bit = spec.bit { json.member("bit", bit) }
    if spec.type == .string { json.member("length", spec.wordCount) }
    if spec.scale != 1 { json.member("scale", number: spec.scale) }
    if spec.offset != 0 { json.member("offset", number: spec.offset) }
    json.member("unit", spec.unit)
  }

  private static func outcome(_ outcome: WriteOutcome, _ json: inout JSONWriter) {
    switch outcome {
    case .verified: json.member("result", "verified")
    case .heldAtNextPoll: json.member("result", "held")
    case .ignored(let actual):
      json.member("result", "ignored")
      json.member("actual", actual)
    case .reverted(let actual, let after):
      json.member("result", "reverted")
      json.member("actual", actual)
      json.member("afterSeconds", number: after.seconds)
    case .refusedByDevice(let exception):
      json.member("result", "refused")
      json.member("exception", exception)
    case .uncertain(let problem):
      json.member("result", "uncertain")
      json.member("detail", problem.detail)
    case .notSent(let reason):
      json.member("result", "notSent")
      json.member("detail", reason)
    case .unverified(let problem):
      json.member("result", "unverified")
      json.member("detail", problem.detail)
    }
  }

  /// Who wanted each desired value, by register.
  static func provenance(_ known: [String: Provenance], of device: DeviceID, _ json: inout JSONWriter) {
    json.member("namespace", device.namespace)
    json.member("name", device.name)
    json.array("registers") { json in
      for (register, origin) in known.sorted(by: { $0.key < $1.key }) {
        json.object { json in
          json.member("register", register)
          json.member("commit", origin.commit)
          json.member("author", origin.author)
          json.member("time", origin.time)
          json.member("subject", origin.subject)
          json.member("file", origin.location.file)
          json.member("line", origin.location.line)
        }
      }
    }
  }

  // MARK: Events and history

  static func event(_ event: FleetEvent, _ json: inout JSONWriter) {
    json.member("sequence", event.sequence)
    json.member("at", event.at)
    json.member("severity", event.severity.word)
    json.member("namespace", event.device?.namespace)
    json.member("name", event.device?.name)
    json.member("register", event.register)
    json.member("reason", event.reason)
    json.member("message", event.message)
  }

  static func history(_ history: DeviceHistory, _ query: HistoryQuery, _ json: inout JSONWriter) {
    json.member("namespace", history.device.namespace)
    json.member("name", history.device.name)
    json.member("register", history.register)
    json.member("from", query.from)
    json.member("to", query.to)
    json.array("samples") { json in
      for sample in history.samples {
        json.object { json in
          json.member("at", sample.at)
          json.member("min", number: sample.minimum)
          json.member("mean", number: sample.mean)
          json.member("max", number: sample.maximum)
        }
      }
    }
    json.array("states") { json in
      for state in history.states {
        json.object { json in
          json.member("at", state.at)
          json.member("status", state.status?.rawValue ?? "Unknown")
        }
      }
    }
    json.array("marks") { json in
      for mark in history.marks {
        json.object { json in
          json.member("at", mark.at)
          json.member("kind", mark.kind.word)
          json.member("text", mark.text)
        }
      }
    }
  }
}

extension FleetEvent.Severity {
  var word: String {
    switch self {
    case .info: "info"
    case .notice: "notice"
    case .warning: "warning"
    case .alarm: "alarm"
    }
  }
}

extension DeviceHistory.Mark.Kind {
  var word: String {
    switch self {
    case .drift: "drift"
    case .correction: "correction"
    case .commit: "commit"
    case .failure: "failure"
    }
  }
}
