import ArgumentParser
import Foundation
import MockPLC

@main
enum Main {
  static func main() async {
    do {
      let command = try MockPLCCommand.parse()
      let configuration = try command.fleet()
      if let span = command.rehearse {
        try rehearse(configuration, for: MockPLCCommand.span(span, "--rehearse"), command.logTime)
      } else {
        try await run(configuration, command)
      }
    } catch {
      fail(error)
    }
  }

  /// Help and version to standard output, exit 0; anything else one line for each mistake, exit 2, or 1 when it is not
  /// the user's.
  private static func fail(_ error: any Error) -> Never {
    if MockPLCCommand.exitCode(for: error) == .success { MockPLCCommand.exit(withError: error) }
    let text: String
    switch error {
    case let failure as FleetStartFailure: text = "mock-plc: \(failure)"
    case let problems as FileProblems: text = problems.description
    default: text = "mock-plc: \(MockPLCCommand.message(for: error))"
    }
    FileHandle.standardError.write(Data((text + "\n").utf8))
    exit(error is FleetStartFailure ? 1 : 2)
  }

  private static func rehearse(_ configuration: FleetConfiguration, for span: Elapsed, _ time: LogTime) {
    let writer = LogWriter()
    MockFleet.rehearse(configuration, for: span) { writer.write($0.line(time)) }
    writer.finish()
  }

  private static func run(_ configuration: FleetConfiguration, _ command: MockPLCCommand) async throws {
    let signals = StopSignals()
    raiseFileLimit()
    let writer = LogWriter()
    let time = command.logTime
    let fleet = try await MockFleet.start(
      configuration, listening: { for line in listening($0) { writer.write(line) } },
      log: { writer.write($0.line(time)) })
    let span = configuration.horizon == .never ? nil : configuration.horizon
    await signals.wait(atMost: span)
    await fleet.stop()
    writer.finish()
  }

  /// A line for each port, or one for a long run of them.
  private static func listening(_ fleet: MockFleet) -> [String] {
    let host = fleet.host.contains(":") ? "[\(fleet.host)]" : fleet.host
    let first = fleet.ports.first ?? 0
    let isRun = fleet.ports.enumerated().allSatisfy { $0.element == first + $0.offset }
    if isRun, fleet.ports.count > 32 {
      return ["listening on \(host):\(first)-\(first + fleet.ports.count - 1) plcs=\(fleet.ports.count)"]
    }
    return zip(fleet.ports, fleet.names).map { "listening on \(host):\($0) plc=\($1)" }
  }

  /// Each PLC takes a file descriptor and each client another: take what the system allows.
  private static func raiseFileLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
