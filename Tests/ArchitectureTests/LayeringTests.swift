import Foundation
import Testing

/// SwiftPM lets any target import any product of the package's graph; this test is what keeps the arrows one-way.
/// It reads the `import` lines of every source file and compares them with the table below, which is the
/// architecture (docs/architecture.md).
@Suite struct LayeringTests {
  /// What each target may import besides the standard library. A target without a row fails.
  static let allowed: [String: Set<String>] = {
    let nio = ["NIOCore", "NIOPosix", "NIOConcurrencyHelpers", "NIOFoundationCompat"]
    let platform = ["Glibc", "Musl", "Darwin", "Synchronization"]
    let rows: [String: [String]] = [
      "Control": [],
      "Fleet": ["Control"],
      "Manifest": ["Control", "Yams", "Foundation"],
      "Modbus": nio + platform + ["NIOSSL", "NIOTLS", "SwiftASN1"],
      "CFileTrace": [],
      "Journal": platform + ["CFileTrace", "Control", "Fleet", "GRDB", "Foundation", "Crypto", "Dispatch"],
      "CSpawn": [],
      "ChildProcesses": platform + ["CSpawn", "Foundation"],
      "GitSource": platform
        + ["CFileTrace", "ChildProcesses", "Control", "Fleet", "Manifest", "Logging", "Foundation"],
      "LocalEngine": nio + platform
        + [
          "Control", "Fleet", "Manifest", "Modbus", "Journal", "GitSource", "Logging", "Metrics",
          "Foundation",
        ],
      "Kubernetes": nio + platform
        + ["ChildProcesses", "AsyncHTTPClient", "Yams", "Foundation", "Logging", "NIOHTTP1", "NIOSSL"],
      "Cluster": nio + platform
        + [
          "Control", "Fleet", "Manifest", "LocalEngine", "Kubernetes", "Foundation", "Logging", "Metrics",
          "AsyncHTTPClient", "NIOHTTP1", "NIOSSL",
        ],
      "CBareSystem": [],
      "CZlib": [],
      "Observability": nio + platform
        + [
          "Control", "Fleet", "CZlib", "CoreMetrics", "HummingbirdCore", "HTTPTypes", "NIOHTTPTypes",
          "Logging",
          "Foundation",
        ],
      "Terminal": ["Synchronization"],
      "NcursesTerminal": platform + ["Terminal", "CNcurses"],
      "ThemeFiles": ["Terminal", "Yams", "Foundation"],
      "Dashboard": ["Terminal", "Fleet", "Control"],
      "MockPLC": nio + platform + ["Modbus", "Yams", "Foundation"],
      "Simulation": ["Control", "Modbus", "NIOCore"],
    ]
    var table = rows.mapValues { Set($0) }
    // Programs compose: they may import every target and the command-line libraries.
    let everything = Set(table.keys).union(nio).union(platform)
      .union(["ArgumentParser", "ServiceLifecycle", "Logging", "Metrics", "Foundation", "Dispatch"])
    for program in ["fabctl", "fabgitops-operator", "mock-plc", "fabsim"] { table[program] = everything }
    return table
  }()

  /// Pure targets: what decides must not be able to act.
  static let pure: Set = ["Control", "Terminal", "Dashboard", "Fleet"]

  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  @Test func everyImportIsAnArrowOfTheArchitecture() throws {
    var wrong: [String] = []
    var files = 0
    for (target, file, text) in try Self.sources() {
      guard let permitted = Self.allowed[target] else {
        wrong.append("\(target): has no row in the layering table")
        continue
      }
      files += 1
      for module in Self.imports(in: text) where !permitted.contains(module) && module != "Swift" {
        wrong.append("\(target)/\(file): imports \(module)")
      }
    }
    #expect(files > 30, "the test must see the sources; it saw \(files) files under \(Self.root.path)")
    #expect(wrong.isEmpty, "\(Set(wrong).sorted().joined(separator: "\n"))")
  }

  @Test func theTableItselfHasNoCycle() {
    var state: [String: Int] = [:]
    func visit(_ target: String) -> Bool {
      if state[target] == 2 { return true }
      if state[target] == 1 { return false }
      state[target] = 1
      for next in (Self.allowed[target] ?? []).sorted() where Self.allowed[next] != nil {
        guard visit(next) else { return false }
      }
      state[target] = 2
      return true
    }
    let programs: Set = ["fabctl", "fabgitops-operator", "mock-plc", "fabsim"]
    for target in Self.allowed.keys.sorted() where !programs.contains(target) {
      #expect(visit(target), "a cycle goes through \(target)")
    }
  }

  @Test func pureTargetsReachNoClockAndNoFiles() throws {
    for (target, file, text) in try Self.sources() where Self.pure.contains(target) {
      for word in ["ContinuousClock", "SuspendingClock", "Task.sleep", "Date()", "fopen(", "getenv("] {
        #expect(!text.contains(word), "\(target)/\(file) mentions \(word)")
      }
    }
  }

  @Test func importLinesAreRecognised() {
    let text = """
      import Foundation
      @testable import Control
      @preconcurrency import NIOCore
      public import Fleet
      import struct Terminal.Cell
      // import Nothing
      let text = "import Nothing"
      """
    #expect(Self.imports(in: text) == ["Foundation", "Control", "NIOCore", "Fleet", "Terminal"])
  }

  static func imports(in text: String) -> [String] {
    let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "let", "var", "typealias"]
    return text.split(separator: "\n").compactMap { line in
      var words = line.split(separator: " ")[...]
      while let word = words.first,
        word.hasPrefix("@") || ["public", "internal", "package", "private", "fileprivate"].contains(word)
      {
        words = words.dropFirst()
      }
      guard words.first == "import" else { return nil }
      words = words.dropFirst()
      if let kind = words.first, kinds.contains(kind) { words = words.dropFirst() }
      return words.first.map { String($0.prefix { $0 != "." && $0 != ";" }) }
    }
  }

  static func sources() throws -> [(target: String, file: String, text: String)] {
    let sources = root.appendingPathComponent("Sources")
    guard let walker = FileManager.default.enumerator(atPath: sources.path) else { return [] }
    return try walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.sorted().map { path in
      let target = String(path.prefix { $0 != "/" })
      let text = try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
      return (target, String(path.dropFirst(target.count + 1)), text)
    }
  }
}
