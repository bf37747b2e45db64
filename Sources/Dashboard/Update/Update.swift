import Control
import Fleet
import Terminal

/// Moves the dashboard on by one message. Pure: what the world must do comes back as commands, in order.
public func update(_ model: inout Model, _ message: Message) -> [Command] {
  model.take(message)
  model.settle()
  defer { model.outbox = [] }
  return model.outbox
}

extension Model {
  mutating func take(_ message: Message) {
    switch message {
    case .key(let key):
      isUntouched = false
      press(key)
    case .paste(let text): paste(text)
    case .mouse(let event):
      isUntouched = false
      mouse(event)
    case .resize(let size): self.size = size
    case .tick(let now): tick(now)
    case .snapshot(let snapshot): receive(snapshot)
    case .capabilities(let capabilities): self.capabilities = capabilities
    case .history(let token, let histories): receive(histories, token)
    case .historyFailed(let token, _): historyFailed(token)
    case .provenance(let device, let answer): provenance.take(device, answer)
    case .planned(let token, let plan): receive(plan, token)
    case .outcome(let token, let outcome): receive(outcome, token)
    case .adopted(let token, let outcome): receive(outcome, token)
    case .notice(let text, let severity): say(text, severity)
    case .engineEnded(let reason): endedBecause = reason
    }
  }

  private mutating func tick(_ now: WallTime) {
    self.now = now.bounded
    if let toast, toast.until <= now { self.toast = nil }
    if case .sync(var dialog) = overlay {
      refreshPlan(&dialog)
      overlay = .sync(dialog)
    }
  }

  private mutating func receive(_ snapshot: FleetSnapshot) {
    // Snapshots are coalesced, not reordered; an older one can only be a mistake of the sender.
    if let latest, snapshot.sequence < latest.sequence { return }
    tracks.follow(snapshot, after: latest)
    latest = snapshot
    now = max(now, snapshot.at.bounded)
    receivedAt = now
    endedBecause = nil
    provenance.use(revision: snapshot.source.revision)
    if frozen == nil { index.show(snapshot) }
    if case .sync(var dialog) = overlay {
      dialog.follow(snapshot)
      refreshPlan(&dialog)
      overlay = .sync(dialog)
    }
  }

  private mutating func receive(_ histories: [DeviceHistory], _ token: UInt64) {
    if let pending = lanes.inFlight, pending.token == token {
      lanes.inFlight = nil
      lanes.answered = pending.key
      lanes.take(histories, query: pending.query, zoom: pending.key.zoom)
    } else if let pending = series.inFlight, pending.token == token {
      series.inFlight = nil
      series.answered = pending.key
      if let subject = series.subject, subject.device == pending.key.device,
        subject.register == pending.key.register,
        let history = histories.first(where: { $0.device == subject.device })
      {
        series.take(history)
      }
    }
  }

  private mutating func historyFailed(_ token: UInt64) {
    if let pending = lanes.inFlight, pending.token == token {
      lanes.inFlight = nil
      lanes.answered = pending.key
    }
    if let pending = series.inFlight, pending.token == token {
      series.inFlight = nil
      series.answered = pending.key
    }
  }

  private mutating func receive(_ outcome: CommandOutcome, _ token: UInt64) {
    if case .sync(var dialog) = overlay, dialog.stage == .submitting(token) {
      switch outcome {
      case .accepted(let receipt): dialog.stage = .running(receipt)
      case .refused(let reasons): dialog.stage = .refused(reasons)
      }
      if let latest { dialog.follow(latest) }
      overlay = .sync(dialog)
      return
    }
    if case .refused(let reasons) = outcome { say(reasons.joined(separator: "; "), .warning) }
  }

  private mutating func receive(_ outcome: AdoptOutcome, _ token: UInt64) {
    if adopting == token { adopting = nil }
    switch outcome {
    case .committed(let branch, let commit, let summary):
      say("committed \(commit.prefix(12)) on \(branch): \(summary)")
    case .refused(let reason): say(reason, .warning)
    }
  }

  private mutating func paste(_ text: String) {
    guard layout.shape != .tooSmall else { return }
    switch overlay {
    case .palette(var palette):
      palette.field.insert(text)
      palette.choice = nil
      overlay = .palette(palette)
    case .shelve(var form):
      form.insert(text)
      overlay = .shelve(form)
    case .reason(var form):
      form.reason.insert(text)
      overlay = .reason(form)
    case nil:
      guard filterField != nil else { return }
      filterField?.field.insert(text)
      applyFilterField()
    default: break
    }
  }
}

extension WallTime {
  /// Within the years 1970 to 9999: a clock that is out of its mind must not take the arithmetic with it.
  var bounded: WallTime { WallTime(milliseconds: min(max(milliseconds, 0), 253_402_300_799_000)) }
}
