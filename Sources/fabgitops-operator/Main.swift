import ArgumentParser
import CBareSystem
import Foundation

@main
enum Main {
  static func main() async {
    signal(SIGPIPE, SIG_IGN)
    let descriptors = descriptorLimit()
    if Int(clamping: descriptors) < fewestDescriptors {
      complain(
        "only \(descriptors) file descriptors are allowed, it takes \(fewestDescriptors):"
          + " raise the limit (ulimit -n)")
      exit(2)
    }
    do {
      try await OperatorProcess(try OperatorCommand.parse()).run()
    } catch let failure as OperatorFailure {
      complain(failure.line)
      exit(failure.code)
    } catch {
      if OperatorCommand.exitCode(for: error) == .success { OperatorCommand.exit(withError: error) }
      complain(OperatorCommand.message(for: error).replacing("\n", with: " "))
      exit(2)
    }
  }

  private static func complain(_ line: String) {
    FileHandle.standardError.write(Data("fabgitops-operator: \(line)\n".utf8))
  }
}

/// The process cannot go on: one line that says what, on what, why, and what to try.
struct OperatorFailure: Error {
  /// As fabctl's: 2 usage, 6 the cluster cannot be reached as configured, 1 anything else.
  var code: Int32
  var line: String

  static func usage(_ line: String) -> OperatorFailure { OperatorFailure(code: 2, line: line) }
  static func cluster(_ line: String) -> OperatorFailure { OperatorFailure(code: 6, line: line) }
}
