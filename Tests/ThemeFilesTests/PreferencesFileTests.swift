import Foundation
import Terminal
import Testing

@testable import ThemeFiles

@Suite struct PreferencesFileTests {
  private let words = PreferenceWords(
    sorts: ["worst", "name"], columns: ["name", "desired", "actual"], spans: ["15min", "1h"],
    actions: ["sync", "hold", "refresh"])

  @Test func everythingCanBeSaid() {
    let (found, problems) = PreferencesFile.parse(
      """
      theme: midnight
      sort: name
      group: zone
      filter: "!shelved"
      columns: [name, actual]
      span: 1h
      fps: 5
      mouse: true
      ascii: false
      keys:
        sync: [s, F5]
        refresh: Ctrl-R
      """, file: "d.yaml", words)
    #expect(problems.isEmpty)
    var wanted = Preferences()
    wanted.theme = "midnight"
    wanted.sort = "name"
    wanted.group = "zone"
    wanted.filter = "!shelved"
    wanted.columns = ["name", "actual"]
    wanted.span = "1h"
    wanted.fps = 5
    wanted.mouse = true
    wanted.ascii = false
    wanted.keys = ["sync": [.character("s"), .function(5)], "refresh": [.control("r")]]
    #expect(found == wanted)
  }

  /// A slip keeps nobody from the plant: what is right counts, and each mistake is told with its place.
  @Test func whatIsRightCounts() {
    let (found, problems) = PreferencesFile.parse(
      """
      theme: midnight
      sort: wosrt
      colums: [name]
      columns: [name, actaul, name]
      fps: 100
      mouse: maybe
      keys:
        sinc: s
        sync: [s, Hyper-Q]
        hold: s
      """, file: "d.yaml", words)
    #expect(found.theme == "midnight")
    #expect(found.columns == ["name"])
    #expect(found.keys == ["sync": [.character("s")]])
    #expect(
      problems.map(\.description) == [
        "d.yaml:2:7: sort: wosrt is none of worst, name, did you mean worst?",
        "d.yaml:3:1: colums: unknown field, did you mean columns?",
        "d.yaml:4:17: columns: actaul is none of name, desired, actual, did you mean actual?",
        "d.yaml:4:25: columns: name is there twice",
        "d.yaml:5:6: fps: a number from 1 to 60",
        "d.yaml:6:8: mouse: true or false",
        "d.yaml:8:3: keys: sinc is none of sync, hold, refresh, did you mean sync?",
        "d.yaml:9:13: keys.sync: Hyper-Q is no key; keys are like s, F5, ^L, Space, PgUp",
        "d.yaml:10:9: keys.hold: s is the key of sync already",
      ])
  }

  @Test func nothingIsFine() {
    for text in ["", "\n", "# only a remark\n\n  # another\n"] {
      let (found, problems) = PreferencesFile.parse(text, file: "d.yaml", words)
      #expect(found == Preferences() && problems.isEmpty)
    }
    #expect(PreferencesFile.load("/nowhere/dashboard.yaml", words).1.isEmpty)
  }

  @Test(arguments: ["[", "- a", "keys: 3", "keys: { sync: { a: b } }", "fps: [1]", "theme: {a: b}", "\u{0}"])
  func nonsenseIsToldAndHarmless(text: String) {
    let (_, problems) = PreferencesFile.parse(text, file: "d.yaml", words)
    #expect(!problems.isEmpty)
  }

  @Test func thePathFollowsTheSpecification() {
    #expect(PreferencesFile.path(["XDG_CONFIG_HOME": "/c", "HOME": "/h"]) == "/c/fabgitops/dashboard.yaml")
    #expect(PreferencesFile.path(["HOME": "/h"]) == "/h/.config/fabgitops/dashboard.yaml")
    #expect(PreferencesFile.path([:]) == nil)
  }
}
