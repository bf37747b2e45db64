import Control
import Fleet
import Journal
import NIOCore

/// The audit trail in the journal: intents durable before their frame, outcomes, refusals and operators' words after.
///
/// Confined to the engine's loop; the journal's own thread does the work and answers are carried back here.
final class JournalTrail: AuditTrail {
  private let writer: JournalWriter
  private let loop: any EventLoop
  private let actor: String
  private var restore: JournalRestore
  private var series: [DeviceID: [Series]] = [:]
  let wantsSamples = true

  init(writer: JournalWriter, loop: any EventLoop, actor: String, restore: JournalRestore) {
    self.writer = writer
    self.loop = loop
    self.actor = actor
    self.restore = restore
  }

  func intend(_ order: WriteOrder, revision: String, at time: WallTime, _ done: @escaping (String?) -> Void) {
    let reply = NIOLoopBound(done, eventLoop: loop)
    let loop = loop
    writer.record(intent: .intent(order, at: time, actor: actor, revision: revision)) { result in
      loop.execute {
        switch result {
        case .success: reply.value(nil)
        case .failure(let problem): reply.value(problem.description)
        }
      }
    }
  }

  func settle(_ order: WriteOrder, _ input: Input, at time: WallTime) {
    let outcome: WriteOutcome
    switch input {
    case .writeNotSent(_, let reason): outcome = .notSent(reason: reason)
    case .writeRefused(_, let exception): outcome = .refusedByDevice(exception: exception)
    case .writeUncertain(_, let problem): outcome = .uncertain(problem)
    default:
      outcome = .unverified(WireProblem(.local, "the device was released before it could be read back"))
    }
    writer.record(.outcome(order, outcome, at: time, actor: actor, revision: nil))
  }

  func note(_ transition: Transition, of spec: DeviceSpec, revision: String, at time: WallTime) {
    switch transition {
    case .writeFinished(let order, let outcome):
      writer.record(.outcome(order, outcome, at: time, actor: actor, revision: revision))
    case .syncFinished(let request, let results):
      for result in results {
        guard case .refused(let reasons) = result.outcome, spec.registers.indices.contains(result.register)
        else {
          continue
        }
        writer.record(
          .refused(
            spec.registers[result.register], of: spec.id, request: request, reasons: reasons,
            before: result.before, at: time, revision: revision))
      }
    case .unshelved(let register, let by, true):
      writer.record(
        AuditDraft(
          kind: .unshelve, at: time, actor: by, device: spec.id, register: register, detail: "the time was up"
        ),
        change: .clear(.shelf(spec.id, register: register)))
    default: break
    }
  }

  func note(_ command: FleetCommand, refused reasons: [String], at time: WallTime) {
    guard reasons.isEmpty else {
      let only = command.devices.count == 1 ? command.devices.first : nil
      return writer.record(
        AuditDraft(
          kind: .refused, at: time, actor: command.by, device: only, cause: command.verb, outcome: "refused",
          detail: reasons.joined(separator: "; ")))
    }
    switch command {
    case .sync(let scope, let by):
      for device in scope.devices {
        writer.record(
          AuditDraft(
            kind: .sync, at: time, actor: by, device: device, cause: scope.force ? "force" : nil,
            detail: scope.registers.isEmpty ? nil : scope.registers.joined(separator: ", ")))
      }
    case .release(let by):
      writer.record(AuditDraft(kind: .release, at: time, actor: by), change: .clear(.hold))
    case .shelve(let devices, let register, let span, let reason, let by):
      let shelf = Shelf(by: by, since: time, until: time + span, reason: reason, register: register)
      for device in devices {
        writer.record(
          AuditDraft(kind: .shelve, at: time, actor: by, device: device, register: register, detail: reason),
          change: .set(.shelf(device, shelf)))
      }
    case .unshelve(let devices, let register, let by):
      for device in devices {
        writer.record(
          AuditDraft(kind: .unshelve, at: time, actor: by, device: device, register: register),
          change: .clear(.shelf(device, register: register)))
      }
    case .suspend(let devices, let reason, let by):
      for device in devices {
        writer.record(
          AuditDraft(
            kind: .suspend, at: time, actor: by, device: device, detail: reason.isEmpty ? nil : reason),
          change: .set(.suspend(device, by: by, since: time)))
      }
    case .resume(let devices, let by):
      for device in devices {
        writer.record(
          AuditDraft(kind: .resume, at: time, actor: by, device: device), change: .clear(.suspend(device)))
      }
    case .retryContested(let devices, let by): simple(.retryContested, devices, by, time)
    case .acknowledge(let devices, let reason, let by):
      simple(.acknowledge, devices, by, time, detail: reason.isEmpty ? nil : reason)
    // A hold is noted as it came into force.
    case .hold, .refresh: break
    }
  }

  private func simple(
    _ kind: AuditKind, _ devices: [DeviceID], _ by: String, _ time: WallTime, detail: String? = nil
  ) {
    for device in devices {
      writer.record(AuditDraft(kind: kind, at: time, actor: by, device: device, detail: detail))
    }
  }

  func noteTakenUp(upTo sequence: Int64, at time: WallTime) {
    writer.record(.takenUp(upTo: sequence, at: time, actor: actor))
  }

  func note(_ hold: Hold, by: String, at time: WallTime) {
    writer.record(
      AuditDraft(kind: .hold, at: time, actor: by, detail: hold.reason), change: .set(.hold(hold)))
  }

  func note(_ event: FleetEvent) { writer.record(event) }

  func adopted(_ device: DeviceID, branch: String, commit: String, by: String, at time: WallTime) {
    writer.record(
      AuditDraft(kind: .adopt, at: time, actor: by, device: device, detail: "\(branch) \(commit)"))
  }

  func note(_ counters: DeviceCounters, of device: DeviceID) { writer.record(counters: counters, of: device) }

  func note(status: DeviceStatus?, of device: DeviceID, at time: WallTime) {
    writer.record(status: status, of: device, at: time)
  }

  func sample(
    _ device: DeviceID, registers: [RegisterSpec], at time: WallTime, _ value: (Int) -> Double
  ) {
    var names = series[device] ?? []
    if names.count != registers.count {
      names = registers.map { writer.series(device, register: $0.name) }
      series[device] = names
    }
    var samples: [Sample] = []
    samples.reserveCapacity(names.count)
    for (index, name) in names.enumerated() {
      let number = value(index)
      if number.isFinite { samples.append(Sample(series: name, at: time, value: number)) }
    }
    if !samples.isEmpty { writer.append(samples) }
  }

  func forgetSeries(of device: DeviceID) { series[device] = nil }

  func restored(_ device: DeviceID) -> RestoredDevice {
    restore.standing(of: device)
  }

  func carryOver(_ standing: RestoredDevice, of device: DeviceID, at time: WallTime) {
    if let counters = standing.counters { writer.record(counters: counters, of: device) }
    for shelf in standing.shelves {
      writer.record(
        AuditDraft(
          kind: .shelve, at: time, actor: shelf.by, device: device, register: shelf.register,
          detail: shelf.reason),
        change: .set(.shelf(device, shelf)))
    }
    if let by = standing.suspendedBy {
      writer.record(
        AuditDraft(kind: .suspend, at: time, actor: by, device: device),
        change: .set(.suspend(device, by: by, since: time)))
    }
  }

  func adopt(_ restore: JournalRestore) { self.restore = restore }

  func close() { writer.close() }
}
