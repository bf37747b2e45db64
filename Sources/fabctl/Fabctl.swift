import ArgumentParser
import Foundation

/// The command line. `main` maps every error to a line on stderr and an exit code of `ExitStatus`.
@main
struct Fabctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fabctl",
    abstract: "Git vs Reality for PLCs: watch, compare and correct Modbus registers declared in Git.",
    version: Build.line,
    subcommands: [
      Watch.self, Demo.self, GetStatus.self, Describe.self, Diff.self, List.self, Sync.self, Lint.self,
      Version.self,
    ])

  static func main() async {
    // A reader that goes away (`fabctl list | head`) is an error of write(2), not a death.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      for line in failure.lines { Console.error(line) }
      Foundation.exit(failure.status.rawValue)
    } catch let status as ExitCode {
      Foundation.exit(status.rawValue)
    } catch {
      leave(error)
    }
  }

  /// Help and version go to stdout with 0; wrong usage to stderr with 2.
  private static func leave(_ error: any Error) -> Never {
    let text = fullMessage(for: error)
    if exitCode(for: error) == .success {
      print(text)
      Foundation.exit(0)
    }
    Console.error(text)
    Foundation.exit(ExitStatus.usage.rawValue)
  }
}

/// What this binary is.
enum Build {
  static let version = "0.1.0"
  static var line: String { "fabctl \(version)" }
}
