import Foundation
import Terminal
import Testing

@testable import ThemeFiles

@Suite struct ThemeFileTests {
  @Test func readsATheme() throws {
    let theme = try ThemeFile.parse(
      """
      name: plant-7
      summary: Ours
      dark: false
      palette: { ink: "#102030" }
      roles:
        text: { fg: ink, bg: "#fff" }
        drifted: { fg: "#aa0000", attributes: [bold, underline], ansi: { fg: red, bg: brightBlack }, mono: [] }
      """, file: "x.yaml")
    #expect(theme.name == "plant-7" && theme.summary == "Ours" && !theme.isDark)
    #expect(theme.look(.text) == .init(foreground: RGB(0x102030), background: RGB(0xFFFFFF)))
    #expect(
      theme.look(.drifted)
        == .init(
          foreground: RGB(0xAA0000), attributes: [.bold, .underline], ansiForeground: 1, ansiBackground: 8,
          mono: []))
    #expect(theme.look(.stale) == .init())
  }

  @Test func reportsEveryMistakeWithItsPlace() throws {
    let problems = problems(
      """
      name: "../evil"
      colour: 3
      dark: perhaps
      palette: { ink: "#12345" }
      roles:
        drfited: { fg: "#ffffff" }
        text: { fg: inkk, bgg: "#000000", attributes: [blod] }
        stale: { ansi: { fg: purple }, mono: bold }
        good: "#ffffff"
      """)
    #expect(
      problems == [
        "t.yaml:1:7: name: only letters, digits, - and _, at most 40",
        "t.yaml:2:1: colour: unknown field",
        "t.yaml:3:7: dark: true or false",
        "t.yaml:4:17: palette.ink: not a colour like \"#1c1c1c\"",
        "t.yaml:6:3: roles.drfited: unknown role, did you mean drifted?",
        "t.yaml:7:15: roles.text.fg: neither \"#rrggbb\" nor a colour of the palette",
        "t.yaml:7:21: bgg: unknown field, did you mean bg?",
        "t.yaml:7:50: roles.text.attributes: unknown attribute blod, did you mean bold?",
        "t.yaml:8:24: roles.stale.ansi.fg: none of the 16 colours",
        "t.yaml:8:40: roles.stale.mono: a list such as [bold, underline]",
        "t.yaml:9:9: roles.good: fields expected here",
      ])
  }

  @Test(arguments: [
    "", "- a", "name: x", "name: [", "\u{0}", "name: x\nroles: 3", "name: x\nroles: { text: { fg: *a } }",
    "name: x\nname: y\nroles: {}", String(repeating: "[", count: 5000), "roles: {}\nname: {}",
    "name: \u{1B}[31m\nroles: {}",
  ])
  func badFilesAreErrorsWithAPlaceAndNoEscape(yaml: String) {
    let found = problems(yaml)
    #expect(!found.isEmpty)
    #expect(found.allSatisfy { $0.hasPrefix("t.yaml:") && !$0.contains("\u{1B}") }, "\(found)")
  }

  @Test func tooLargeIsRefused() {
    #expect(problems(String(repeating: "# x\n", count: 100_000)) == ["t.yaml:1:1: larger than 256 KiB"])
  }

  @Test func theUsersOwnThemesComeFirst() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("themes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let mine = "name: isa101\nsummary: mine\nroles: { text: { fg: \"#ffffff\" } }\n"
    try mine.write(to: folder.appendingPathComponent("isa101.yaml"), atomically: true, encoding: .utf8)
    try "roles: 1".write(to: folder.appendingPathComponent("broken.yaml"), atomically: true, encoding: .utf8)
    let library = ThemeLibrary(directories: [folder.path, "/does/not/exist"])
    #expect(try library.theme(named: "isa101").summary == "mine")
    #expect(try library.theme(named: "midnight").name == "midnight")
    #expect(try library.theme(named: folder.path + "/isa101.yaml").summary == "mine")
    let entries = library.entries()
    #expect(entries.map(\.name) == ThemeLibrary.shippedNames + ["broken"])
    #expect(entries.first?.file?.hasSuffix("isa101.yaml") == true)
    #expect(entries.last?.theme == nil && entries.last?.problem?.contains("broken.yaml:1:") == true)
    #expect(message { _ = try library.theme(named: "midnigth") }.contains("did you mean midnight?"))
    #expect(message { _ = try library.theme(named: "../no-such-folder/passwd") }.contains("no such file"))
    #expect(message { _ = try library.theme(named: "broken") }.contains("broken.yaml:1:1: name is missing"))
  }

  /// A pipe nobody writes into would be waited for, a device may never end.
  @Test func whatIsNoPlainFileIsNotRead() throws {
    let directory = NSTemporaryDirectory() + "fabgitops-themes-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(mkfifo(directory + "/pipe.yaml", 0o600) == 0)
    try FileManager.default.createSymbolicLink(
      atPath: directory + "/zero.yaml", withDestinationPath: "/dev/zero")
    let own = ThemeLibrary(directories: [directory]).entries().filter { $0.file != nil }
    #expect(own.map(\.name) == ["pipe", "zero"])
    #expect(own.allSatisfy { $0.problem?.contains("not a plain file") == true })
  }

  @Test func whereTheUsersThemesAre() {
    #expect(ThemeLibrary.userDirectory(["XDG_CONFIG_HOME": "/c", "HOME": "/h"]) == "/c/fabgitops/themes")
    #expect(
      ThemeLibrary.userDirectory(["XDG_CONFIG_HOME": "rel", "HOME": "/h"]) == "/h/.config/fabgitops/themes")
    #expect(ThemeLibrary.userDirectory([:]) == nil)
  }

  private func problems(_ yaml: String) -> [String] {
    do {
      _ = try ThemeFile.parse(yaml, file: "t.yaml")
      return []
    } catch ThemeError.invalid(let problems) {
      return problems.map(\.description)
    } catch {
      return ["other: \(error)"]
    }
  }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch {
      return "\(error)"
    }
  }
}
