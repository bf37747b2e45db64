import Foundation
import MockPLC

/// The demo's repository: one manifest a PLC, committed by two authors, as a plant's would be.
struct DemoRepository {
  var folder: URL
  /// In the order of `DemoPlant.plcs`.
  var ports: [Int]

  /// Makes the folder and its commits.
  func create() async throws {
    guard !FileManager.default.fileExists(atPath: folder.path) else {
      throw CommandFailure(
        .usage, "fabctl demo: \(folder.path) exists already; name a new folder with --keep")
    }
    let plants = folder.appendingPathComponent("plant")
    do {
      try FileManager.default.createDirectory(at: plants, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(
        .usage, "fabctl demo: cannot make \(folder.path): \((error as NSError).localizedDescription)")
    }
    try git(["init", "-q", "-b", "main"], as: .anna)
    let half = DemoPlant.plcs.count / 2
    for (index, plc) in DemoPlant.plcs.enumerated() where ports.indices.contains(index) {
      let text = Self.manifest(plc, port: ports[index])
      try text.write(to: plants.appendingPathComponent("\(plc.name).yaml"), atomically: true, encoding: .utf8)
      if index == half - 1 { try commit("Declare the hot side of the line", as: .anna) }
    }
    try commit("Declare the cold side and packing", as: .ben)
  }

  enum Author: String {
    case anna = "Anna Ortega"
    case ben = "Ben Castillo"

    var email: String { rawValue.lowercased().replacingOccurrences(of: " ", with: ".") + "@plant.example" }
  }

  private func commit(_ message: String, as author: Author) throws {
    try git(["add", "-A"], as: author)
    try git(["commit", "-q", "-m", message], as: author)
  }

  private func git(_ arguments: [String], as author: Author) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git", "-C", folder.path] + arguments
    var environment = ProcessInfo.processInfo.environment
    environment["GIT_AUTHOR_NAME"] = author.rawValue
    environment["GIT_AUTHOR_EMAIL"] = author.email
    environment["GIT_COMMITTER_NAME"] = author.rawValue
    environment["GIT_COMMITTER_EMAIL"] = author.email
    // The user's hooks, signing and templates have no business in a demo.
    environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
    environment["GIT_CONFIG_NOSYSTEM"] = "1"
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    do { try process.run() } catch {
      throw CommandFailure(.sourceUnreachable, "fabctl demo: cannot run git: install it, or put it on PATH")
    }
    let said = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let line = String(decoding: said, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
      throw CommandFailure(.sourceUnreachable, "fabctl demo: git \(arguments[0]) failed: \(line)")
    }
  }

  /// One manifest, as a controls engineer would write it.
  static func manifest(_ plc: DemoPLC, port: Int) -> String {
    var lines = [
      "# \(plc.summary)", "apiVersion: fabgitops.io/v1", "kind: IndustrialPLC", "metadata:",
      "  name: \(plc.name)",
      "  labels: { \(plc.labels.map { "\($0.key): \($0.value)" }.joined(separator: ", ")) }", "spec:",
      "  deviceAddress: \"127.0.0.1\"", "  port: \(port)", "  pollIntervalSecs: \(plc.pollIntervalSecs)",
      "  autoCorrect: \(plc.autoCorrect)", "  tags: [\(plc.tags.joined(separator: ", "))]", "  registers:",
    ]
    for register in plc.registers { lines += self.register(register) }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func register(_ register: DemoRegister) -> [String] {
    var lines = ["  - name: \(register.name)", "    address: \(register.address)"]
    if register.table != "holding" { lines.append("    table: \(register.table)") }
    if register.type != "uint16" { lines.append("    type: \(register.type)") }
    if register.order != "ABCD" { lines.append("    order: \(register.order)") }
    if let bit = register.bit { lines.append("    bit: \(bit)") }
    if let length = register.length { lines.append("    length: \(length)") }
    if register.scale != 1 { lines.append("    scale: \(register.scale)") }
    if register.offset != 0 { lines.append("    offset: \(register.offset)") }
    if !register.unit.isEmpty { lines.append("    unit: \"\(register.unit)\"") }
    if let desired = register.desired { lines.append("    value: \(text(desired))") }
    if register.tolerance != 0 { lines.append("    tolerance: \(number(register.tolerance))") }
    if let minimum = register.minimum { lines.append("    min: \(number(minimum))") }
    if let maximum = register.maximum { lines.append("    max: \(number(maximum))") }
    return lines
  }

  private static func text(_ value: MockValue) -> String {
    switch value {
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .real(let value): number(value)
    case .bool(let value): String(value)
    case .text(let value): "\"\(value)\""
    }
  }

  private static func number(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : String(value)
  }
}
