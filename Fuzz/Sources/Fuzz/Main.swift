#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// What is fuzzed, chosen by the environment variable FUZZ_TARGET: libFuzzer keeps the arguments for itself.
enum FuzzTarget: String, CaseIterable {
  // The wire.
  case mbap, rtu, ascii, pdu
  // What people write.
  case manifest, cron, kubeconfig, contexts, theme, preferences, map, script, faults
  // What servers and programs answer.
  case json, watch, admission, stream, git
  // What clients and terminals send, and what goes to a terminal.
  case query, keys, screen

  static let chosen: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      print(allCases.map(\.rawValue).joined(separator: " "))
      exit(name.isEmpty ? 0 : 2)
    }
    return target
  }()

  func run(_ bytes: UnsafeRawBufferPointer) {
    switch self {
    case .mbap: fuzzFraming(.mbap, bytes)
    case .rtu: fuzzFraming(.rtu, bytes)
    case .ascii: fuzzFraming(.ascii, bytes)
    case .pdu:
      fuzzPDU(bytes)
      fuzzExchange(bytes)
    case .manifest: fuzzManifest(Array(bytes))
    case .cron: fuzzCron(bytes)
    case .kubeconfig: fuzzKubeconfig(text(bytes))
    case .contexts: fuzzContexts(text(bytes))
    case .theme: fuzzTheme(text(bytes))
    case .preferences: fuzzPreferences(text(bytes))
    case .map: fuzzMap(text(bytes))
    case .script: fuzzScript(text(bytes))
    case .faults: fuzzFaults(text(bytes))
    case .json: fuzzJSON(Array(bytes))
    case .watch: fuzzWatch(Array(bytes))
    case .admission: fuzzAdmission(Array(bytes))
    case .stream: fuzzStream(Array(bytes))
    case .git: fuzzGit(Array(bytes))
    case .query: fuzzQuery(bytes)
    case .keys: fuzzKeys(bytes)
    case .screen: fuzzScreen(bytes)
    }
  }
}

func text(_ bytes: some Sequence<UInt8>) -> String { String(decoding: Array(bytes), as: UTF8.self) }

/// Ends the process when something that must hold does not.
func require(_ holds: Bool, _ what: @autoclosure () -> String, line: Int = #line) {
  guard !holds else { return }
  let message = "fuzz: line \(line): \(what())\n"
  _ = message.withCString { write(2, $0, strlen($0)) }
  abort()
}

/// What is said about outside data is fit for a terminal and a log.
func requireFit(_ text: String, lines: Bool = false, line: Int = #line) {
  for scalar in text.unicodeScalars where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
    if lines, scalar == "\n" { continue }
    require(false, "a message has U+\(String(scalar.value, radix: 16)): \(text.debugDescription)", line: line)
  }
}

/// libFuzzer's own entry, for programs that keep their `main` (compiler-rt, FuzzerInterface.h).
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ one: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

@main struct Fuzz {
  static func main() {
    _ = FuzzTarget.chosen
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(
      runFuzzer(&count, &arguments) { start, count in
        FuzzTarget.chosen.run(UnsafeRawBufferPointer(start: start, count: count))
        return 0
      })
  }
}
