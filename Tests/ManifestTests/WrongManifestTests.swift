import Foundation
import Testing

@testable import Manifest

/// Every wrong manifest in `Wrong/`, with all that is said about it. Reads as documentation of the messages.
struct WrongManifestTests {
  static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "Wrong")

  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".yaml") }
      .sorted()
  }

  static func file(_ name: String, explicit: Bool = true) throws -> ManifestFile {
    ManifestFile(
      name: name, contents: Array(try Data(contentsOf: directory.appendingPathComponent(name))),
      isExplicit: explicit)
  }

  @Test func everyMessageIsAsRecorded() throws {
    var text = ""
    for name in try Self.names() {
      let reading = ManifestReader.read([try Self.file(name)])
      text += "== \(name)\n"
      for diagnostic in reading.diagnostics { text += "\(diagnostic)\n" }
    }
    try expectGolden(text, "Goldens/wrong-manifests.txt")
  }

  @Test func everyWrongManifestIsRefusedAndPointsIntoItsFile() throws {
    let names = try Self.names()
    #expect(names.count >= 20)
    for name in names {
      let file = try Self.file(name)
      let reading = ManifestReader.read([file])
      #expect(!reading.isValid, "\(name)")
      let lines = String(decoding: file.contents, as: UTF8.self).split(
        separator: "\n", omittingEmptySubsequences: false)
      for diagnostic in reading.diagnostics {
        #expect(diagnostic.location.line >= 1 && diagnostic.location.line <= lines.count, "\(diagnostic)")
        #expect(diagnostic.location.column >= 1, "\(diagnostic)")
        #expect(!diagnostic.description.contains("\u{1B}"), "\(diagnostic)")
      }
      #expect(reading.diagnostics.map(\.location) == reading.diagnostics.map(\.location).sorted(), "\(name)")
    }
  }
}
