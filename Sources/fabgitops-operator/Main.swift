import ArgumentParser
import Cluster

@main
enum Main {
  static func main() async {
    OperatorCommand.exit(withError: ExitCode(0))
  }
}

struct OperatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "fabgitops-operator")
}
