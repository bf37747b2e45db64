import Cluster
import Control
import Fleet
import Foundation
import Kubernetes
import Manifest

/// What happened to a device of a cluster: the operator's journal, and the events that the API server keeps.
struct ClusterHistory {
  let choices: [ClusterChoice]
  let operators: OperatorOptions

  /// Events that the journal's marks tell already.
  private static let reasons: [DeviceHistory.Mark.Kind: String] = [
    .drift: "DriftDetected", .correction: "DriftCorrected", .commit: "RevisionApplied",
    .failure: "ConnectionFailed",
  ]

  /// The most samples that an operator gives in one answer.
  private static let mostPoints = 10_000

  struct Found {
    var past: DeviceHistory
    /// Of the API server; oldest first.
    var events: [FleetEvent]
  }

  /// - Parameter query: its device is filled in here.
  func read(_ name: String, _ query: HistoryQuery) async throws -> Found {
    let (choice, id, shown) = try await device(name)
    let site = choice.site(try operators.operators(choices))
    var query = query
    query.devices = [id]
    query.maxPoints = min(query.maxPoints, Self.mostPoints)
    let environment = ProcessInfo.processInfo.environment
    do throws(OperatorPast.Failure) {
      let past = OperatorPast(site, userAgent: Build.userAgent, environment: environment)
      let kept = try await past.history(id, query)
      guard query.register == nil else { return Found(past: kept, events: []) }
      let events = await ClusterListing.events(
        of: id, at: site, userAgent: Build.userAgent, environment: environment)
      return Found(past: kept, events: Self.untold(events, query))
    } catch {
      throw failure(error, shown, query.register, choice)
    }
  }

  /// One line for each mark, state and event, oldest first.
  static func entries(_ found: Found, _ query: HistoryQuery) -> [HistoryCommand.Entry] {
    let marks = found.past.marks.map { mark in
      HistoryCommand.Entry(
        at: mark.at, kind: "event", what: reasons[mark.kind] ?? "Event", message: mark.text)
    }
    let events = found.events.map { event in
      HistoryCommand.Entry(
        // Told in whole seconds: it happened after what the journal knows of that second's beginning.
        at: event.at + .milliseconds(999), kind: "event", register: event.register, what: event.reason,
        message: event.message)
    }
    return marks + events + HistoryCommand.Entry.changes(found.past.states, since: query.from)
  }

  private static func untold(_ events: [FleetEvent], _ query: HistoryQuery) -> [FleetEvent] {
    events.filter { event in
      event.at >= query.from && event.at <= query.to && !reasons.values.contains(event.reason)
    }
  }

  private func device(_ name: String) async throws -> (choice: ClusterChoice, own: DeviceID, shown: DeviceID)
  {
    let selection = DeviceSelection(names: [name])
    let view = FleetView(try await ClusterListing.read(choices))
    let known = view.snapshot.devices.map(\.id)
    try selection.requireAll(in: known)
    try selection.requireOneEach(in: known)
    guard let device = view.devices(selection).first, let place = choices.place(of: device.id) else {
      throw CommandFailure(.usage, "fabctl: no such device: \(name)")
    }
    return (place.choice, place.id, device.id)
  }

  private func failure(
    _ failure: OperatorPast.Failure, _ device: DeviceID, _ register: String?, _ choice: ClusterChoice
  ) -> CommandFailure {
    let elsewhere = "say --operator-url URL if you can reach it directly"
    let what = "fabctl: \(choice.name): the past of \(device) is with its operator"
    switch failure {
    case .nowhere(let namespace):
      return CommandFailure(
        .sourceUnreachable,
        "\(what), and there is no operator Service in \(namespace) (label \(OperatorService.labelSelector)): "
          + "name another with --operator-namespace, or \(elsewhere)")
    case .closed(let error):
      guard case .forbidden(let verb, let target)? = error.reason else {
        return CommandFailure(.sourceUnreachable, "\(what), which cannot be asked: \(error); \(elsewhere)")
      }
      return CommandFailure(
        .sourceUnreachable,
        "\(what), and that needs permission to \(verb) \(target) (Role fabgitops-stream-viewer); or \(elsewhere)"
      )
    case .unknownDevice:
      return CommandFailure(
        .sourceUnreachable,
        "\(what), and no operator that answers watches it: is one leading (`kubectl get lease`), and is "
          + "\(device.name) in its scope?")
    case .unknownRegister:
      return CommandFailure(
        .usage, "fabctl: no such register: \(register ?? "") of \(device); `fabctl describe` lists them")
    }
  }
}
