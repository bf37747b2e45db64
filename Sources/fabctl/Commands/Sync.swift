import ArgumentParser
import Cluster
import Control
import Fleet
import Foundation
import LocalEngine

struct Sync: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reconcile devices now: print each write, before and after, and wait for the outcome.",
    discussion: """
      Prints the plan and asks before anything is written (--yes in scripts). --force overrides autoCorrect and the
      correction windows, and no other rule. In a cluster the operator is asked, through an annotation, and its answer
      is waited for. Exit codes: 0 done; 3 unreachable; 4 refused by a safety rule, or not
      confirmed; 5 a resource is invalid; 7 timed out; 130 interrupted.
      """)

  @Argument(help: "Devices, `name` or `namespace/name`.", completion: .deviceNames)
  var names: [String] = []

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Flag(help: "Every device.")
  var all = false

  @Flag(help: "Also outside the correction windows.")
  var force = false

  @Flag(help: "Print the plan and write nothing.")
  var dryRun = false

  @Flag(name: .shortAndLong, help: "Do not ask.")
  var yes = false

  @Option(help: "Seconds to wait for the outcome, 1 to 3600.")
  var timeout: Int = 60

  func validate() throws {
    if names.isEmpty, !all, chosen.selector == nil {
      throw ValidationError("name the devices to sync, choose them with --selector, or say --all")
    }
    if !names.isEmpty, all { throw ValidationError("--all and names exclude each other") }
    if chosen.selector != nil, all { throw ValidationError("--all and --selector exclude each other") }
    guard (1...3600).contains(timeout) else {
      throw ValidationError("--timeout \(timeout) is outside 1...3600 seconds")
    }
  }

  func run() async throws {
    let status =
      switch try source.target() {
      case .local: try await reconcileLocally()
      case .cluster(let choices): try await reconcile(choices)
      }
    if status != .fine { throw ExitCode(status.rawValue) }
  }

  /// The operator writes, and every rule it knows is its own; the plan is what the status tells.
  private func reconcile(_ choices: [ClusterChoice]) async throws -> ExitStatus {
    let engine = ClusterEngine(
      sites: choices.map { $0.site() }, allowSync: true, userAgent: Build.userAgent,
      environment: ProcessInfo.processInfo.environment)
    defer { engine.stop() }
    return try await reconcile(engine)
  }

  private func reconcileLocally() async throws -> ExitStatus {
    var settings = EngineSettings()
    settings.automaticCorrections = false
    // A dry run reads the journal's overrides and budgets, and is in nobody's way.
    return try await LocalSession.with(source, dryRun ? .rehearse : .mustControl, settings: settings) {
      try await reconcile($0.engine)
    }
  }

  private func reconcile(_ engine: any FleetEngine) async throws -> ExitStatus {
    let selection = DeviceSelection(names: names, selector: chosen.selector)
    let spinner = Spinner("reading")
    let reading: Result<FleetSnapshot, any Error>
    do {
      reading = .success(try await FleetReading.settled(engine, selection, within: timeout))
    } catch {
      reading = .failure(error)
    }
    await spinner.stop()
    let devices = try reading.get().devices.filter { selection.matches($0.spec) }
    guard !devices.isEmpty else {
      let why = all ? "there are no devices" : "no device matches the selector; see `fabctl list -o wide`"
      throw CommandFailure(.usage, "fabctl: \(why)")
    }
    try selection.requireOneEach(in: devices.map(\.id))
    let unreachable = devices.filter { $0.view.status == .unreachable }
    for device in unreachable {
      Console.error("\(device.id): unreachable: \(device.view.lastError ?? "no answer")")
    }
    let reachable = devices.filter { $0.view.status != .unreachable }.map(\.id)
    let scope = SyncScope(devices: reachable, force: force)
    let steps = await plan(scope, engine)
    for step in steps { Console.out(Console.visible(SyncText.line(step))) }
    let writes = steps.filter(\.refusals.isEmpty)
    // What a step is planned for is told there.
    let unknown = devices.filter { device in
      let planned = Set(steps.lazy.filter { $0.device == device.id }.map(\.register.name))
      return !NotKnown.registers(device.view).allSatisfy { planned.contains($0.spec.name) }
        || NotKnown.isNotUnderstood(device)
    }
    for device in unknown { for line in NotKnown.lines(device) { Console.error(line) } }
    var rest: ExitStatus = unreachable.isEmpty && unknown.isEmpty ? .fine : .unreachable
    if devices.contains(where: NotKnown.isNotUnderstood) { rest = .sourceInvalid }
    if steps.isEmpty, rest == .fine { Console.out("Everything is in sync; nothing to write.") }
    if dryRun || steps.isEmpty || (writes.isEmpty && !yes) {
      return steps.count > writes.count ? .refused : rest
    }
    // Also where nothing would be written: what was asked for and refused belongs into the audit.
    guard yes || ask(writes.count) else { throw CommandFailure(.refused, "fabctl: nothing was written") }
    let outcome = try await perform(scope, engine)
    return outcome == .fine ? rest : outcome
  }

  private func plan(_ scope: SyncScope, _ engine: any FleetEngine) async -> [SyncPlan.Step] {
    await engine.plan(scope).steps.map { step in
      var step = step
      // Another process controls: its right to write is not what a dry run is asked about.
      if dryRun { step.refusals.removeAll { $0.gate == 1 || $0.gate == 2 } }
      return step
    }
  }

  private func ask(_ count: Int) -> Bool {
    guard Console.inIsTerminal else {
      Console.error("fabctl: not a terminal, so nobody can be asked; say --yes to write")
      return false
    }
    Console.prompt("Write \(count == 1 ? "this value" : "these \(count) values")? [y/N] ")
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
  }

  private enum End: Sendable {
    case done(Fleet.Operation)
    case late, interrupted, stopped
  }

  private func perform(_ scope: SyncScope, _ engine: any FleetEngine) async throws -> ExitStatus {
    // From here on an interrupt must let what is in flight be verified.
    let signals = StopSignals()
    let receipt: Receipt
    switch await engine.submit(.sync(scope, by: Operator.name)) {
    case .accepted(let accepted): receipt = accepted
    case .refused(let reasons): throw CommandFailure(.refused, reasons.map { "fabctl: \($0)" })
    }
    let isAttached = engine.capabilities.mode == .attached
    let spinner = Spinner(isAttached ? "waiting for the operator" : "writing and reading back")
    let end = await wait(for: receipt, engine, signals)
    await spinner.stop()
    switch end {
    case .done(let operation): return report(operation)
    case .late:
      let rest =
        isAttached
        ? "the request stands: see `fabctl get-status`, and whether an operator runs"
        : "what was written is in `fabctl audit`"
      throw CommandFailure(.timedOut, "fabctl: no outcome within \(timeout) s; \(rest)")
    case .interrupted:
      let rest = isAttached ? "the operator goes on" : "a write under way was finished; see `fabctl audit`"
      throw CommandFailure(.interrupted, "fabctl: interrupted: \(rest)")
    case .stopped: throw CommandFailure(.timedOut, "fabctl: the engine stopped before there was an outcome")
    }
  }

  private func wait(for receipt: Receipt, _ engine: any FleetEngine, _ signals: StopSignals) async -> End {
    let limit = timeout
    return await withTaskGroup(of: End.self) { group in
      group.addTask {
        for await snapshot in engine.snapshots() {
          let operation = snapshot.operations.first { $0.receipt == receipt }
          if let operation, operation.state == .done { return .done(operation) }
        }
        return .stopped
      }
      group.addTask {
        try? await Task.sleep(for: .seconds(limit))
        return .late
      }
      group.addTask {
        for await _ in signals.stream { return .interrupted }
        return .stopped
      }
      defer { group.cancelAll() }
      return await group.next() ?? .stopped
    }
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
        Console.error("\(line.device)\(result.name.isEmpty ? "" : " \(result.name)"): failed: \(why)")
      }
    }
    return status
  }
}

/// A step of a plan in words.
enum SyncText {
  static func line(_ step: SyncPlan.Step) -> String {
    let before = step.before?.formatted(step.register) ?? "?"
    let line =
      "\(step.device) \(step.register.name)  \(before) → \(step.after.formattedWithUnit(step.register))"
    guard !step.refusals.isEmpty else { return line }
    return line + "  refused: " + step.refusals.map { $0.explanation }.joined(separator: "; ")
  }
}
