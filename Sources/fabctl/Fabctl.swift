import ArgumentParser
import CBareSystem
import Foundation

/// The command line. `main` maps every error to a line on stderr and an exit code of `ExitStatus`.
@main
struct Fabctl: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fabctl",
    abstract: "Git vs Reality for PLCs: watch, compare and correct Modbus registers declared in Git.",
    version: Build.line,
    groupedSubcommands: [
      CommandGroup(
        name: "See", subcommands: [Watch.self, GetStatus.self, Describe.self, Diff.self, List.self]),
      CommandGroup(
        name: "Act",
        subcommands: [
          Run.self, Sync.self, Adopt.self, ShelveCommand.self, UnshelveCommand.self, SuspendCommand.self,
          ResumeCommand.self, HoldCommand.self, ReleaseCommand.self,
        ]),
      CommandGroup(name: "Look back", subcommands: [HistoryCommand.self, Audit.self]),
      CommandGroup(name: "Manifests", subcommands: [Lint.self, Capture.self, SchemaCommand.self]),
      CommandGroup(
        name: "Set up",
        subcommands: [Demo.self, ConfigCommand.self, ThemesCommand.self, Completion.self, Version.self]),
    ])

  static func main() async {
    Console.keepStandardStreams()
    // A reader that goes away (`fabctl list | head`) is an error of write(2), not a death.
    signal(SIGPIPE, SIG_IGN)
    let descriptors = descriptorLimit()
    if Int(clamping: descriptors) < fewestDescriptors {
      Console.error(
        "fabctl: only \(descriptors) file descriptors are allowed, it takes \(fewestDescriptors):"
          + " raise the limit (ulimit -n)")
      Foundation.exit(ExitStatus.usage.rawValue)
    }
    // What must tidy up first (a dashboard, a sync that writes) puts its own handler in place of this one.
    signal(SIGINT) { _ in _exit(ExitStatus.interrupted.rawValue) }
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let failure as CommandFailure {
      for line in failure.lines { Console.error(line) }
      end(failure.status.rawValue)
    } catch let status as ExitCode {
      end(status.rawValue)
    } catch {
      leave(error)
    }
    end(ExitStatus.fine.rawValue)
  }

  private static func end(_ code: Int32) -> Never {
    Foundation.exit(Console.outHasFailed ? ExitStatus.withoutWholeOutput(code) : code)
  }

  /// Help and version go to stdout with 0; wrong usage to stderr with 2, in one line.
  private static func leave(_ error: any Error) -> Never {
    if exitCode(for: error) == .success {
      Console.out(fullMessage(for: error))
      end(ExitStatus.fine.rawValue)
    }
    let line = UsageLine.unknownCommand(CommandLine.arguments, in: Self.self)
    Console.error("fabctl: \(line ?? UsageLine.of(error, in: Self.self))")
    end(ExitStatus.usage.rawValue)
  }
}

/// What is wrong with a command line, and where its help is, in one line.
enum UsageLine {
  static func of(_ error: any Error, in root: any ParsableCommand.Type) -> String {
    let message = root.message(for: error)
      .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
      .joined(separator: " ")
    return "\(message.isEmpty ? "wrong usage" : message) (see `\(helpCommand(root.fullMessage(for: error)))`)"
  }

  /// A first word that is no command, with the nearest that is; `nil`: the mistake is another.
  static func unknownCommand(_ arguments: [String], in root: any ParsableCommand.Type) -> String? {
    let names =
      root.configuration.subcommands.flatMap { [$0._commandName] + $0.configuration.aliases } + ["help"]
    guard let word = arguments.dropFirst().first, !word.hasPrefix("-"), !names.contains(word) else {
      return nil
    }
    let near = names.map { (name: $0, distance: distance($0, word)) }.min { $0.distance < $1.distance }
    let hint = near.flatMap { $0.distance <= 2 ? ", did you mean \($0.name)?" : nil } ?? ""
    return "\(word): no such command\(hint) (see `fabctl --help`)"
  }

  /// Insertions, deletions and replacements that make one word of the other (Levenshtein).
  private static func distance(_ a: String, _ b: String) -> Int {
    let b = Array(b.prefix(40))
    var row = Array(0...b.count)
    for (i, left) in a.prefix(40).enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, right) in b.enumerated() {
        let above = row[j + 1]
        row[j + 1] = min(above + 1, row[j] + 1, diagonal + (left == right ? 0 : 1))
        diagonal = above
      }
    }
    return row[b.count]
  }

  /// The full message ends with `See 'fabctl sync --help' for more information.`
  private static func helpCommand(_ text: String) -> String {
    guard let start = text.range(of: "See '"),
      let end = text.range(of: "'", range: start.upperBound..<text.endIndex)
    else { return "fabctl --help" }
    return String(text[start.upperBound..<end.lowerBound])
  }
}

/// What this binary is.
enum Build {
  static let version = "0.1.0"
  static var line: String { "fabctl \(version)" }
}
