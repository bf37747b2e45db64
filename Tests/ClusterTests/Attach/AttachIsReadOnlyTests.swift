import Foundation
import Testing

/// The attached screen cannot change anything but by the one file that `--allow-sync` needs.
@Suite struct AttachIsReadOnlyTests {
  @Test func onlyTheSyncRequesterCanAskForAChange() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
        "Sources/Cluster/Attach")
    let walker = try #require(FileManager.default.enumerator(atPath: root.path))
    let files = walker.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }
    #expect(files.count > 15)
    for file in files {
      let text = try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8)
      for module in ["Modbus", "LocalEngine"] {
        #expect(!text.contains("import \(module)"), "\(file) could reach a PLC")
      }
      guard !file.hasSuffix("SyncRequester.swift") else { continue }
      for call in ["client.patch(", "client.create(", "client.replace(", "client.delete(", ".mayI("] {
        #expect(!text.contains(call), "\(file) calls \(call)")
      }
    }
  }
}
