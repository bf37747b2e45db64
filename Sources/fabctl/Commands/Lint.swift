import ArgumentParser
import Foundation
import Manifest

struct Lint: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Validate manifests; needs no repository, cluster or PLC.",
    discussion:
      "Every mistake of every file at once, as file:line:column. `-` reads standard input. Exit codes: 0 "
      + "valid; 5 mistakes found; 2 a path cannot be read.")

  @Argument(help: "Files or folders (searched for *.yaml, *.yml and *.json); `-` is standard input.")
  var paths: [String]

  func run() throws {
    var files: [ManifestFile] = []
    for path in paths { try files.append(contentsOf: Self.files(at: path)) }
    let reading = ManifestReader.read(files)
    for diagnostic in reading.diagnostics { Console.out(diagnostic.description) }
    let errors = reading.errors.count
    if errors > 0 {
      Console.error("fabctl: \(errors) \(errors == 1 ? "mistake" : "mistakes") in \(files.count) files")
      throw ExitCode(ExitStatus.sourceInvalid.rawValue)
    }
    Console.error("\(reading.devices.count) devices in \(files.count) files: no mistakes")
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
