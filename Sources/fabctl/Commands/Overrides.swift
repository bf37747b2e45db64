import ArgumentParser
import Cluster
import Control
import Fleet
import Journal
import Kubernetes

/// Which devices an operator's word is about.
struct OverrideTargets: ParsableArguments {
  @Argument(help: "Devices, `name` or `namespace/name`.", completion: .deviceNames)
  var names: [String] = []

  @OptionGroup var source: SourceOptions
  @OptionGroup var chosen: SelectorOption

  @Flag(help: "Every device.")
  var all = false

  func validate() throws {
    if names.isEmpty, !all, chosen.selector == nil {
      throw ValidationError("name the devices, choose them with --selector, or say --all")
    }
    if all, !names.isEmpty || chosen.selector != nil {
      throw ValidationError("--all excludes names and --selector")
    }
  }

  /// The devices of the manifests that are meant.
  func specs() async throws -> [DeviceSpec] {
    let desired = try await FleetReading.desired(source)
    let selection = DeviceSelection(names: names, selector: chosen.selector)
    try selection.requireAll(in: desired.devices.map(\.spec.id))
    try selection.requireOneEach(in: desired.devices.map(\.spec.id))
    let specs = desired.devices.map(\.spec).filter(selection.matches).sorted { $0.id < $1.id }
    guard !specs.isEmpty else {
      throw CommandFailure(.usage, "fabctl: no device matches the selector; see `fabctl list -o wide`")
    }
    return specs
  }

  var selection: DeviceSelection { DeviceSelection(names: names, selector: chosen.selector) }

  /// In cluster mode, what says it to the clusters' operators; `nil` in local mode.
  func cluster() throws -> ClusterOverrides? {
    guard case .cluster(let choices) = try source.target() else { return nil }
    return ClusterOverrides(choices: choices)
  }

  /// Records one entry a device and says so.
  func record(
    _ verb: String, _ entry: (DeviceSpec, WallTime) throws -> OverrideRecord.Entry, done: String
  ) async throws {
    let specs = try await specs()
    let now = DashboardRuntime.now()
    let entries = try specs.map { try entry($0, now) }
    let controller = try await OverrideRecord.write(entries, to: try source.choice(), verb: verb)
    for spec in specs { Console.out(Console.visible("\(List.name(spec.id)) \(done)")) }
    if let controller { Console.out("taken up by \(controller)") }
  }

  static func event(
    _ device: DeviceID?, _ now: WallTime, _ reason: String, _ message: String, register: String? = nil
  ) -> FleetEvent {
    FleetEvent(
      sequence: 0, at: now, severity: .notice, device: device, register: register, reason: reason,
      message: message)
  }
}

struct ShelveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shelve",
    abstract: "Silence a device or a register for a time: read on, neither correct nor alarm.",
    discussion: "Timed, reasoned and attributed (ISA-18.2), and kept in the audit.")

  @OptionGroup var targets: OverrideTargets

  @Option(
    name: .customLong("for"), help: ArgumentHelp("How long: `90s`, `15m`, `8h`, `3d`.", valueName: "time"),
    transform: SpanArgument.parse)
  var span: SpanArgument

  @Option(help: "Why; it is shown to everybody.")
  var reason: String

  @Option(help: ArgumentHelp("Only this register of each device.", valueName: "name"))
  var register: String?

  func validate() throws {
    if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason is empty: say why it is silent") }
  }

  func run() async throws {
    let by = Operator.name
    let began = DashboardRuntime.now()
    let until = began + span.span
    if let cluster = try targets.cluster() {
      let shelf = Shelf(by: by, since: began, until: until, reason: reason, register: register)
      return try await cluster.each(
        targets.selection, done: "shelved until \(until.rfc3339)", check: requireRegister
      ) { writer, id throws(ClientError) in try await writer.shelve(id, shelf) }
    }
    try await targets.record(
      "shelve",
      { spec, now in
        try requireRegister(spec)
        let shelf = Shelf(by: by, since: now, until: now + span.span, reason: reason, register: register)
        return .init(
          draft: AuditDraft(
            kind: .shelve, at: now, actor: by, device: spec.id, register: register, detail: reason),
          change: .set(.shelf(spec.id, shelf)),
          event: OverrideTargets.event(
            spec.id, now, "Shelved", "Shelved by \(by): \(reason)", register: register))
      }, done: "shelved until \(until.rfc3339)")
  }

  private func requireRegister(_ spec: DeviceSpec) throws {
    guard let register, !spec.registers.contains(where: { $0.name == register }) else { return }
    let known = spec.registers.prefix(5).map(\.name).joined(separator: ", ")
    throw CommandFailure(.usage, "fabctl: \(spec.id): no such register: \(register) (there are \(known))")
  }
}

struct UnshelveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unshelve", abstract: "End a silence before its time.")

  @OptionGroup var targets: OverrideTargets

  @Option(help: ArgumentHelp("Only this register of each device.", valueName: "name"))
  var register: String?

  func run() async throws {
    let by = Operator.name
    if let cluster = try targets.cluster() {
      let now = DashboardRuntime.now()
      return try await cluster.each(targets.selection, done: "unshelved") {
        writer, id throws(ClientError) in
        try await writer.unshelve(id, register: register, at: now)
      }
    }
    try await targets.record(
      "unshelve",
      { spec, now in
        .init(
          draft: AuditDraft(kind: .unshelve, at: now, actor: by, device: spec.id, register: register),
          change: .clear(.shelf(spec.id, register: register)),
          event: OverrideTargets.event(spec.id, now, "Unshelved", "Unshelved by \(by)", register: register))
      }, done: "unshelved")
  }
}

struct SuspendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suspend", abstract: "Never write to a device until it is resumed; reading goes on.")

  @OptionGroup var targets: OverrideTargets

  @Option(help: "Why, for the audit.")
  var reason: String?

  func run() async throws {
    let by = Operator.name
    if let cluster = try targets.cluster() {
      let who = reason.map { "\(by) (\($0))" } ?? by
      return try await cluster.each(targets.selection, done: "suspended") {
        writer, id throws(ClientError) in try await writer.suspend(id, by: who)
      }
    }
    try await targets.record(
      "suspend",
      { spec, now in
        .init(
          draft: AuditDraft(kind: .suspend, at: now, actor: by, device: spec.id, detail: reason),
          change: .set(.suspend(spec.id, by: by, since: now)),
          event: OverrideTargets.event(
            spec.id, now, "Suspended", "Suspended by \(by): \(reason ?? "reading on, never writing")"))
      }, done: "suspended")
  }
}

struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "End a suspension: writes are allowed again.")

  @OptionGroup var targets: OverrideTargets

  @Option(help: "Why, for the audit.")
  var reason: String?

  func run() async throws {
    let by = Operator.name
    if let cluster = try targets.cluster() {
      return try await cluster.each(targets.selection, done: "resumed") {
        writer, id throws(ClientError) in try await writer.resume(id)
      }
    }
    try await targets.record(
      "resume",
      { spec, now in
        .init(
          draft: AuditDraft(kind: .resume, at: now, actor: by, device: spec.id, detail: reason),
          change: .clear(.suspend(spec.id)),
          event: OverrideTargets.event(spec.id, now, "Resumed", "Resumed by \(by)"))
      }, done: "resumed")
  }
}

struct HoldCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold", abstract: "Hold all writes to all devices of this source until released.")

  @OptionGroup var source: SourceOptions

  @Option(help: "Why; it is shown to everybody.")
  var reason: String

  @Option(
    help: ArgumentHelp(
      "Cluster mode: the namespace of the operator that is meant.", valueName: "name"))
  var operatorNamespace: String = OperatorService.namespace

  func validate() throws {
    if reason.allSatisfy(\.isWhitespace) {
      throw ValidationError("--reason is empty: say why writes are held")
    }
  }

  func run() async throws {
    let by = Operator.name
    let now = DashboardRuntime.now()
    if case .cluster(let choices) = try source.target() {
      return try await ClusterOverrides(choices: choices).hold(
        Hold(by: by, since: now, reason: reason), namespace: operatorNamespace)
    }
    let entry = OverrideRecord.Entry(
      draft: AuditDraft(kind: .hold, at: now, actor: by, detail: reason),
      change: .set(.hold(Hold(by: by, since: now, reason: reason))),
      event: OverrideTargets.event(nil, now, "Held", "\(by) holds all writes: \(reason)"))
    let controller = try await OverrideRecord.write([entry], to: try source.choice(), verb: "hold")
    Console.out("all writes held; `fabctl release` ends it")
    if let controller { Console.out("taken up by \(controller)") }
  }
}

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "End a hold: writes are allowed again.")

  @OptionGroup var source: SourceOptions

  @Option(
    help: ArgumentHelp(
      "Cluster mode: the namespace of the operator that is meant.", valueName: "name"))
  var operatorNamespace: String = OperatorService.namespace

  @Option(help: "Why, for the audit.")
  var reason: String?

  func run() async throws {
    let by = Operator.name
    if case .cluster(let choices) = try source.target() {
      return try await ClusterOverrides(choices: choices).release(namespace: operatorNamespace)
    }
    let choice = try source.choice()
    guard await StandingRecords.load(choice).hold != nil else {
      return Console.out("no hold stands")
    }
    let now = DashboardRuntime.now()
    let entry = OverrideRecord.Entry(
      draft: AuditDraft(kind: .release, at: now, actor: by, detail: reason), change: .clear(.hold),
      event: OverrideTargets.event(nil, now, "Released", "\(by) released the hold: writes are allowed again"))
    let controller = try await OverrideRecord.write([entry], to: choice, verb: "release")
    Console.out("released: writes are allowed again")
    if let controller { Console.out("taken up by \(controller)") }
  }
}
