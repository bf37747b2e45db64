import ArgumentParser
import Control
import Fleet
import Foundation
import GitSource
import Journal
import LocalEngine

struct Adopt: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make reality the desired state: a commit on a new branch with the values the device has.",
    discussion: """
      Reads the device and commits its values on top of the commit in force, on a branch of their own. Touches neither
      the work tree, nor the index, nor any branch that exists; nothing takes effect before the branch is merged.
      """)

  @Argument(help: "The device, `name` or `namespace/name`.", completion: .deviceNames)
  var name: String

  @Argument(help: "Registers to adopt; all drifted ones when none is named.")
  var registers: [String] = []

  @Option(help: ArgumentHelp("Why, for the commit's message.", valueName: "text"))
  var reason = ""

  @OptionGroup var source: SourceOptions

  @Flag(help: "Push the branch to `origin` (always done for a remote source).")
  var push = false

  func run() async throws {
    let selection = DeviceSelection(names: [name])
    let choice = try source.choice()
    let (device, outcome) = try await LocalSession.with(source, .observe) { session in
      let snapshot = try await FleetReading.settled(session.engine, selection)
      try selection.requireOneEach(in: snapshot.devices.map(\.id))
      guard let device = snapshot.devices.first(where: { selection.matches($0.spec) }) else {
        throw CommandFailure(.usage, "fabctl: no such device: \(name)")
      }
      let request = AdoptRequest(
        device: device.id, values: try values(of: device), reason: reason, by: Operator.name,
        at: DashboardRuntime.now(), push: push)
      return (device.id, await session.source.adopt(request))
    }
    switch outcome {
    case .refused(let why): throw CommandFailure(.refused, "fabctl: adopt: \(why)")
    case .committed(let branch, let commit, let summary):
      Console.out(Console.visible("\(branch) \(commit.prefix(10)) \(summary)"))
      Console.error("fabctl: takes effect once merged: git merge \(branch)")
      await note(device, branch, commit, choice)
    }
  }

  private func values(of device: DeviceSnapshot) throws -> [AdoptRequest.Value] {
    guard device.view.status != .unreachable else {
      throw CommandFailure(
        .unreachable, "fabctl: adopt: \(device.id): unreachable: \(device.view.lastError ?? "no answer")")
    }
    let known = device.view.registers
    for name in registers where !known.contains(where: { $0.spec.name == name }) {
      let names = known.prefix(5).map(\.spec.name).joined(separator: ", ")
      throw CommandFailure(.usage, "fabctl: \(device.id): no such register: \(name) (there are \(names))")
    }
    let wanted = known.filter { register in
      registers.isEmpty
        ? register.spec.desired != nil && register.inSync == false : registers.contains(register.spec.name)
    }
    guard !wanted.isEmpty else {
      throw CommandFailure(
        .refused,
        "fabctl: adopt: nothing to adopt on \(device.id): it is in sync; name a register to adopt it")
    }
    return try wanted.map { register in
      guard let actual = register.actual else {
        throw CommandFailure(
          .unreachable, "fabctl: adopt: \(device.id) \(register.spec.name): could not be read")
      }
      return AdoptRequest.Value(register: register.spec.name, actual: actual, readAt: register.lastRead)
    }
  }

  /// For the audit, beside whoever controls the devices. The commit is made either way.
  private func note(_ device: DeviceID, _ branch: String, _ commit: String, _ choice: SourceChoice) async {
    guard let location = try? SetJournal.location(choice) else { return }
    do throws(StateProblem) { try LocalSession.directory(choice).create() } catch { return }
    let writer = JournalWriter(
      location,
      session: JournalSession(program: Build.line, actor: Operator.name, pid: getpid(), controls: false))
    writer.record(
      AuditDraft(
        kind: .adopt, at: DashboardRuntime.now(), actor: Operator.name, device: device,
        detail: "\(branch) \(commit)"))
    do throws(JournalProblem) { try await writer.flush() } catch {
      Console.error("fabctl: adopt: not in the audit: \(error)")
    }
    await writer.close()
  }
}
