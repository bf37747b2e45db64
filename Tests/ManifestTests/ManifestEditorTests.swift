import Control
import Testing

@testable import Manifest

private let text = """
  # Line 1, owned by shift A.
  apiVersion: fabgitops.io/v1
  kind: IndustrialPLC
  metadata: {name: line-1}   # name
  spec:
    deviceAddress: "192.0.2.1"
    registers:
      - name: setpoint
        value:   72.5     # agreed 2025-11
        scale: 0.1
        address: 1
      - {address: 2, value: 10, name: speed}
      - name: batch
        value: 'it''s A'
        type: string
        length: 4
        address: 10
      - { name: quoted, address: 20, type: string, length: 2, value: "a\\"b" }
      - { name: anchored, address: 30, value: &v 5 }
      - { name: alias, address: 31, value: *v }
      - { name: watched, address: 32 }
  ---
  apiVersion: fabgitops.io/v1
  kind: IndustrialPLC
  metadata: {name: line-2}
  spec:
    deviceAddress: 192.0.2.2
    targetRegister: 5
    targetValue: 7
  """

private func edit(_ changes: ManifestEditor.Change..., in text: String = text) throws -> String {
  let file = ManifestFile(name: "a.yaml", contents: Array(text.utf8))
  return String(decoding: try ManifestEditor.apply(changes, to: file), as: UTF8.self)
}

private func change(_ device: String, _ register: String, _ value: RegisterValue) -> ManifestEditor.Change {
  .init(device: DeviceID(name: device), register: register, value: value)
}

struct ManifestEditorTests {
  @Test func onlyTheValueChanges() throws {
    #expect(
      try edit(change("line-1", "setpoint", .real(70)))
        == text.replacing("value:   72.5     #", with: "value:   70     #"))
    #expect(
      try edit(change("line-1", "speed", .integer(12))) == text.replacing("value: 10,", with: "value: 12,"))
    #expect(
      try edit(change("line-1", "batch", .text("B: 2"))) == text.replacing("'it''s A'", with: "\"B: 2\""))
    #expect(try edit(change("line-1", "quoted", .text("c"))) == text.replacing("\"a\\\"b\"", with: "c"))
    #expect(
      try edit(change("line-2", "holding-5", .integer(9)))
        == text.replacing("targetValue: 7", with: "targetValue: 9"))
  }

  @Test func severalChangesAreMadeTogether() throws {
    let result = try edit(
      change("line-2", "holding-5", .integer(1)), change("line-1", "speed", .integer(65_535)))
    #expect(
      result
        == text.replacing("targetValue: 7", with: "targetValue: 1").replacing(
          "value: 10,", with: "value: 65535,"))
  }

  @Test func lineEndingsAndByteOrderMarksStay() throws {
    let windows = "\u{FEFF}" + text.replacing("\n", with: "\r\n")
    #expect(
      try edit(change("line-1", "speed", .integer(3)), in: windows)
        == windows.replacing("value: 10,", with: "value: 3,"))
  }

  @Test func jsonAndListsAreEditedToo() throws {
    let json = ManifestValue.array([]).json(pretty: false)
    #expect(json == "[]")
    let spec = DeviceSpec(
      id: DeviceID(name: "a"), address: "h",
      registers: [RegisterSpec(name: "r", address: 1, desired: .integer(1))])
    let list = PLCStatus.list([ManifestEncoder.document(spec)]).json()
    let result = try edit(change("a", "r", .integer(2)), in: list)
    #expect(result == list.replacing("\"value\": 1", with: "\"value\": 2"))
  }

  @Test func whatCannotBeChangedAloneIsRefused() {
    for name in ["anchored", "alias", "watched", "nothing"] {
      #expect(throws: ManifestEditor.Failure.self, "\(name)") {
        try edit(change("line-1", name, .integer(6)))
      }
    }
    #expect(throws: ManifestEditor.Failure.self) { try edit(change("line-1", "speed", .integer(70_000))) }
    #expect(throws: ManifestEditor.Failure.self) { try edit(change("line-3", "speed", .integer(1))) }
    #expect(throws: ManifestEditor.Failure.self) {
      try edit(change("line-1", "speed", .integer(1)), in: text + "\n  x: y")
    }
  }
}
