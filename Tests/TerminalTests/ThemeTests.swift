import Testing

@testable import Terminal

@Suite struct ThemeTests {
  private let theme = Theme(
    name: "t",
    looks: [
      .text: .init(foreground: RGB(0xBCBCBC), background: RGB(0x1C1C1C)),
      .drifted: .init(foreground: RGB(0xFFD700), attributes: .bold, ansiForeground: 11),
      .selection: .init(
        foreground: RGB(0xEEEEEE), background: RGB(0x303030), ansiForeground: 7, ansiBackground: 4),
      .dim: .init(foreground: RGB(0x303030)),
      .border: .init(foreground: RGB(0x303030)),
      .hold: .init(
        foreground: RGB(0x1C1C1C), background: RGB(0xD7D75F), ansiForeground: 0, ansiBackground: 3),
    ])

  @Test func eachDepthGetsWhatItCanShow() {
    let style = Style(.drifted)
    #expect(theme.resolve(style, depth: .trueColor).foreground == .rgb(RGB(0xFFD700)))
    #expect(theme.resolve(style, depth: .indexed256).foreground == .index(220))
    #expect(theme.resolve(style, depth: .ansi16).foreground == .index(11))
    let eight = theme.resolve(style, depth: .ansi8)
    #expect(
      eight.foreground == .index(3) && eight.attributes.contains(.bold) && eight.background == .standard)
    let mono = theme.resolve(style, depth: .mono)
    #expect(mono == Appearance(foreground: .standard, background: .standard, attributes: .bold))
  }

  @Test func aSurfaceGivesItsBackground() {
    let style = Style(.drifted, on: .selection)
    #expect(theme.resolve(style, depth: .indexed256).background == .index(236))
    #expect(theme.resolve(style, depth: .ansi8).background == .index(4))
    #expect(theme.resolve(style, depth: .mono).attributes == [.bold, .reverse])
    #expect(theme.resolve(Style(.selection), depth: .mono).attributes == .reverse)
    #expect(theme.resolve(Style(.hold), depth: .mono).attributes == .reverse)
  }

  @Test func textIsAlwaysReadableDecorationNeedNotBe() {
    let page = RGB(0x1C1C1C)
    for depth in [ColorDepth.indexed256, .trueColor] {
      let dim = color(theme.resolve(Style(.dim), depth: depth).foreground)
      #expect(dim.contrast(with: page) >= 4.5)
      let border = color(theme.resolve(Style(.border), depth: depth).foreground)
      #expect(border.contrast(with: page) < 4.5)
    }
  }

  @Test func noColoursMeansNoColours() {
    for role in Role.allCases {
      for surface in [nil, Role.selection, .hold] {
        let look = theme.resolve(Style(role, on: surface), depth: .mono)
        #expect(look.foreground == .standard && look.background == .standard)
      }
    }
  }

  @Test func eightColoursStayBelowEight() {
    for role in Role.allCases {
      let look = theme.resolve(Style(role, on: .selection), depth: .ansi8)
      if case .index(let index) = look.foreground { #expect(index < 8) }
      if case .index(let index) = look.background { #expect(index < 8) }
      #expect(look.foreground != look.background || look.foreground == .standard)
    }
  }

  @Test func rolesHaveNames() {
    #expect(Role(name: "borderFocused") == .borderFocused)
    #expect(Role.sparkBand.name == "sparkBand")
    #expect(Role(name: "nonsense") == nil)
    #expect(Set(Role.allCases.map { $0.name }).count == Role.allCases.count)
    for role in Role.allCases { #expect(Role(name: role.name) == role) }
  }

  @Test(arguments: GlyphSet.allCases)
  func statesDifferByGlyphAlone(glyphs: GlyphSet) {
    let marks = Role.states.map { glyphs.state($0) }
    #expect(Set(marks).count == marks.count, "\(marks)")
    #expect(marks.allSatisfy { DisplayWidth.of($0) == 1 })
    if glyphs == .ascii { #expect(marks.allSatisfy { $0.isASCII }) }
    let lanes: [Role] = [
      .good, .drifted, .unreachable, .stale, .pending, .contested, .suspended, .shelved, .hold,
    ]
    #expect(Set(lanes.map { glyphs.lane($0) }).count == lanes.count)
  }

  @Test func contrastFollowsWCAG() {
    #expect(abs(RGB(0).contrast(with: RGB(0xFFFFFF)) - 21) < 0.001)
    #expect(abs(RGB(0x777777).contrast(with: RGB(0xFFFFFF)) - 4.478) < 0.01)
    #expect(ColorDepth(colors: -1) == .mono)
    #expect(ColorDepth(colors: 88) == .ansi16)
    #expect(ColorDepth(colors: 1 << 24) == .trueColor)
  }

  private func color(_ paint: Paint) -> RGB {
    switch paint {
    case .standard: RGB(0)
    case .index(let index): Palette.color(index)
    case .rgb(let color): color
    }
  }
}
