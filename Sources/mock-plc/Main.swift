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

  /// Help and version to standard output, exit 0; anything else one line for each mistake, exit 2, or 1 when
  /// it is not the user's.
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

  /// Writes by itself: nothing waits, so a slow reader may hold it up.
  private static func rehearse(_ configuration: FleetConfiguration, for span: Elapsed, _ time: LogTime) {
    var bytes: [UInt8] = []
    MockFleet.rehearse(configuration, for: span) { entry in
      bytes += entry.line(time).utf8
      bytes.append(UInt8(ascii: "\n"))
      if bytes.count > 65_536 {
        LogWriter.write(bytes)
        bytes = []
      }
    }
    LogWriter.write(bytes)
  }

  private static func run(_ configuration: FleetConfiguration, _ command: MockPLCCommand) async throws {
    let signals = StopSignals()
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

  /// A line for each PLC, or one for a long run of ports or addresses.
  private static func listening(_ fleet: MockFleet) -> [String] {
    let places = zip(fleet.hosts, fleet.ports).map { host, port in
      (host: host.contains(":") ? "[\(host)]" : host, port: port)
    }
    guard let first = places.first, let last = places.last else { return [] }
    let isRun = last.port == first.port || last.port == first.port + places.count - 1
    if isRun, places.count > 32 {
      let end = last.port == first.port ? "\(last.host):\(last.port)" : "\(last.port)"
      return ["listening on \(first.host):\(first.port)-\(end) plcs=\(places.count)"]
    }
    return zip(places, fleet.names).map { "listening on \($0.host):\($0.port) plc=\($1)" }
  }
}
