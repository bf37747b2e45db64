import ArgumentParser
import Dispatch
import Foundation
import Manifest
import Synchronization

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validate manifests; needs no repository, cluster or PLC.",
    discussion:
      "Every mistake of every file at once, as file:line:column. `-` reads standard input. Exit codes: 0 "
      + "valid; 5 mistakes found; 2 a path cannot be read.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, sarif }

  @Argument(
    help: "Files or folders (searched for *.yaml, *.yml and *.json); `-` is standard input.",
    completion: .file(extensions: ["yaml", "yml", "json"]))
  var paths: [String]

  @Option(name: .shortAndLong, help: "Output format: text, json or sarif (2.1.0, for code scanning).")
  var output: Format = .text

  func run() throws {
    var files: [ManifestFile] = []
    for path in paths { try files.append(contentsOf: Self.files(at: path)) }
    let reading = ManifestReader.join(Self.parse(files))
    switch output {
    case .text: for diagnostic in reading.diagnostics { Console.out(diagnostic.description) }
    case .json: Console.out(LintDocuments.json(reading.diagnostics).json().withoutFinalLineBreak)
    case .sarif: Console.out(LintDocuments.sarif(reading.diagnostics).json().withoutFinalLineBreak)
    }
    let errors = reading.errors.count
    let place = files.count == 1 ? "1 file" : "\(files.count) files"
    if errors > 0 {
      if output == .text {
        Console.error("fabctl: \(errors) \(errors == 1 ? "mistake" : "mistakes") in \(place)")
      }
      throw ExitCode(ExitStatus.sourceInvalid.rawValue)
    }
    let count = reading.devices.count
    if output == .text {
      Console.error("\(count) \(count == 1 ? "device" : "devices") in \(place): no mistakes")
    }
  }

  /// Files that are worth the trouble of handing them to another core.
  private static let share = 16

  /// Reads each file, on all cores; in their order.
  private static func parse(_ files: [ManifestFile]) -> [ParsedManifestFile] {
    let starts = Array(stride(from: 0, to: files.count, by: share))
    let parts = Mutex([[ParsedManifestFile]](repeating: [], count: starts.count))
    DispatchQueue.concurrentPerform(iterations: starts.count) { index in
      let part = files[starts[index]..<min(starts[index] + share, files.count)].map(ManifestReader.parse)
      parts.withLock { $0[index] = part }
    }
    return parts.withLock { $0.flatMap { $0 } }
  }

  private static func files(at path: String) throws -> [ManifestFile] {
    if path == "-" {
      let text = FileHandle.standardInput.readDataToEndOfFile()
      return [ManifestFile(name: "-", contents: Array(text), isExplicit: true)]
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw CommandFailure(.usage, "fabctl lint: \(path): no such file or folder")
    }
    guard isFolder.boolValue else {
      return [ManifestFile(name: path, contents: try read(path), isExplicit: true)]
    }
    let inside = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    let wanted = inside.filter { name in
      [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
        && !name.split(separator: "/").contains { $0.hasPrefix(".") }
    }
    guard !wanted.isEmpty else {
      throw CommandFailure(.usage, "fabctl lint: \(path): no *.yaml, *.yml or *.json in this folder")
    }
    return try wanted.sorted().map {
      ManifestFile(name: "\(path)/\($0)", contents: try read("\(path)/\($0)"))
    }
  }

  private static func read(_ path: String) throws -> [UInt8] {
    do { return Array(try Data(contentsOf: URL(fileURLWithPath: path))) } catch {
      throw CommandFailure(.usage, "fabctl lint: \(path): \((error as NSError).localizedDescription)")
    }
  }
}
