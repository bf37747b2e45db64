import ArgumentParser
import Control
import Fleet
import Foundation
import LocalEngine

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reconcile devices now: print each write, before and after, and wait for the outcome.",
    discussion: """
      Prints the plan and asks before anything is written (--yes in scripts). --force overrides autoCorrect and the
      correction windows, and no other rule. Exit codes: 0 done; 3 unreachable; 4 refused by a safety rule; 7 timed out.
      """)

  @Argument(help: "Devices, `name` or `namespace/name`.")
  var names: [String] = []

  @OptionGroup var source: SourceOptions

  @Flag(help: "Every device.")
  var all = false

  @Flag(help: "Also outside the correction windows.")
  var force = false

  @Flag(help: "Print the plan and write nothing.")
  var dryRun = false

  @Flag(help: "Do not ask.")
  var yes = false

  @Option(help: "Seconds to wait for the outcome, 1 to 3600.")
  var timeout: Int = 60

  func validate() throws {
    if names.isEmpty, !all { throw ValidationError("name the devices to sync, or say --all") }
    if !names.isEmpty, all { throw ValidationError("--all and names exclude each other") }
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout \(timeout) is outside 1...3600 seconds")
    }
  }

  func run() async throws {
    var settings = EngineSettings()
    settings.automaticCorrections = false
    var session = try await LocalSession.open(
      source, dryRun ? .observe : .mustControl, logger: FleetReading.quietLogger, settings: settings)
    do {
      let status = try await reconcile(session.engine)
      await session.close()
      if status != .fine { throw ExitCode(status.rawValue) }
    } catch {
      await session.close()
      throw error
    }
  }

  private func reconcile(_ engine: LocalEngine) async throws -> ExitStatus {
    let selection = DeviceSelection(names: names)
    let snapshot = try await FleetReading.settled(engine, selection)
    let devices = snapshot.devices.filter { selection.matches($0.id) }
    let unreachable = devices.filter { $0.view.status == .unreachable }
    for device in unreachable {
      Console.error("\(device.id): unreachable: \(device.view.lastError ?? "no answer")")
    }
    let scope = SyncScope(devices: devices.map(\.id), force: force)
    let plan = await engine.plan(scope)
    let steps = plan.steps.map { step in
      var step = step
      if dryRun { step.refusals.removeAll { $0.gate == 1 || $0.gate == 2 } }
      return step
    }
    for step in steps { Console.out(Console.visible(Self.line(step))) }
    let writes = steps.filter(\.refusals.isEmpty)
    let refused = steps.count - writes.count
    if steps.isEmpty {
      if unreachable.isEmpty { Console.out("Everything is in sync; nothing to write.") }
      return unreachable.isEmpty ? .fine : .unreachable
    }
    if dryRun || writes.isEmpty {
      return refused > 0 && writes.isEmpty ? .refused : unreachable.isEmpty ? .fine : .unreachable
    }
    guard yes || ask(writes.count) else {
      throw CommandFailure(.refused, "fabctl: nothing was written")
    }
    let outcome = try await perform(scope, engine)
    return outcome == .fine && !unreachable.isEmpty ? .unreachable : outcome
  }

  static func line(_ step: SyncPlan.Step) -> String {
    let before = step.before?.formatted(step.register) ?? "?"
    let line =
      "\(step.device) \(step.register.name)  \(before) → \(step.after.formattedWithUnit(step.register))"
    guard !step.refusals.isEmpty else { return line }
    return line + "  refused: " + step.refusals.map { $0.explanation }.joined(separator: "; ")
  }

  private func ask(_ count: Int) -> Bool {
    guard Console.inIsTerminal else {
      Console.error("fabctl: not a terminal, so nobody can be asked; say --yes to write")
      return false
    }
    Console.prompt("Write \(count == 1 ? "this value" : "these \(count) values")? [y/N] ")
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
  }

  private func perform(_ scope: SyncScope, _ engine: LocalEngine) async throws -> ExitStatus {
    let receipt: Receipt
    switch await engine.submit(.sync(scope, by: Operator.name)) {
    case .accepted(let accepted): receipt = accepted
    case .refused(let reasons): throw CommandFailure(.refused, reasons.map { "fabctl: \($0)" })
    }
    let limit = timeout
    let operation = try await withThrowingTaskGroup(of: Fleet.Operation?.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() {
          if let operation = snapshot.operations.first(where: { $0.receipt == receipt }),
            operation.state == .done
          {
            return operation
          }
        }
        return nil
      }
      group.addTask {
        try await Task.sleep(for: .seconds(limit))
        return nil
      }
      defer { group.cancelAll() }
      return try await group.next() ?? nil
    }
    guard let operation else {
      throw CommandFailure(.timedOut, "fabctl: no outcome within \(timeout) s; see `fabctl get-status`")
    }
    return report(operation)
  }

  private func report(_ operation: Fleet.Operation) -> ExitStatus {
    var status = ExitStatus.fine
    for line in operation.lines {
      guard let result = line.result else { continue }
      switch result.outcome {
      case .alreadyInSync: continue
      case .corrected: Console.out(Console.visible("\(line.device) \(result.name): corrected and read back"))
      case .refused(let reasons):
        status = .refused
        let why = reasons.map { $0.explanation }.joined(separator: "; ")
        Console.error("\(line.device) \(result.name): refused: \(why)")
      case .failed(let why):
        if status == .fine { status = .unreachable }
        Console.error("\(line.device) \(result.name): failed: \(why)")
      }
    }
    return status
  }
}
