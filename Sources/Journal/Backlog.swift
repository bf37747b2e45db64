import Control

/// An audit record on its way to the disk.
struct PendingAudit: Sendable {
  var draft: AuditDraft
  var change: OverrideChange?
  /// An intent is worthless later: it fails at once when the disk does. All else is kept and tried again.
  var failsFast: Bool
  var completion: (@Sendable (Result<AuditHead, JournalProblem>) -> Void)?
}

/// What producers have handed over and the journal's thread has not taken yet. Bounded; samples go first.
struct Inbox {
  let options: JournalOptions
  var audits: [PendingAudit] = []
  /// Refused for want of room; only their completions are still owed.
  var refused: [PendingAudit] = []
  var samples: [Sample] = []
  var events: [EventEntry] = []
  var states: [StateEntry] = []
  /// The newest of each device.
  var counters: [DeviceID: DeviceCounters] = [:]
  var droppedSamples: UInt64 = 0
  var droppedEvents: UInt64 = 0

  init(_ options: JournalOptions) { self.options = options }

  mutating func add(_ audit: PendingAudit) {
    if audits.count < options.maxWaitingAudits { audits.append(audit) } else { refused.append(audit) }
  }

  mutating func add(_ new: [Sample]) {
    let room = max(0, options.maxWaitingSamples - samples.count)
    if new.count <= room {
      samples.append(contentsOf: new)
    } else {
      samples.append(contentsOf: new.prefix(room))
      droppedSamples &+= UInt64(new.count - room)
    }
  }

  mutating func add(_ event: EventEntry) {
    if events.count < options.maxWaitingEvents { events.append(event) } else { droppedEvents &+= 1 }
  }

  mutating func add(_ state: StateEntry) {
    if states.count < options.maxWaitingEvents { states.append(state) } else { droppedEvents &+= 1 }
  }

  /// Hands everything over and starts afresh; the counts of what was dropped go with it.
  mutating func take() -> Inbox {
    let taken = self
    self = Inbox(options)
    return taken
  }
}

/// What the journal's thread holds until the disk has it.
struct Backlog {
  let options: JournalOptions
  var audits: [PendingAudit] = []
  var runs: [SampleRun] = []
  var events: [EventEntry] = []
  var states: [StateEntry] = []
  var counters: [DeviceID: DeviceCounters] = [:]
  var droppedSamples: UInt64 = 0
  var droppedEvents: UInt64 = 0

  init(_ options: JournalOptions) { self.options = options }

  var hasBulk: Bool { !runs.isEmpty || !events.isEmpty || !states.isEmpty || !counters.isEmpty }

  /// Takes all but the audits and the samples.
  mutating func absorb(_ inbox: Inbox) {
    events.append(contentsOf: inbox.events)
    states.append(contentsOf: inbox.states)
    counters.merge(inbox.counters) { _, newer in newer }
    droppedSamples &+= inbox.droppedSamples
    droppedEvents &+= inbox.droppedEvents
  }

  /// Gives up the oldest beyond the limits.
  mutating func trim() {
    let excess = runs.count - options.maxWaitingSamples
    if excess > 0 {
      droppedSamples = runs.prefix(excess).reduce(droppedSamples) { $0 &+ UInt64(max(0, $1.count)) }
      runs.removeFirst(excess)
    }
    let events = events.count - options.maxWaitingEvents
    if events > 0 {
      self.events.removeFirst(events)
      droppedEvents &+= UInt64(events)
    }
    let states = states.count - options.maxWaitingEvents
    if states > 0 {
      self.states.removeFirst(states)
      droppedEvents &+= UInt64(states)
    }
  }
}
