extension Theme {
  /// What a terminal of `depth` is to show for a style.
  public func resolve(_ style: Style, depth: ColorDepth) -> Appearance {
    let own = look(style.role)
    let ground = style.surface.map { look($0) } ?? own
    var attributes = own.attributes.union(style.attributes)
    if style.surface != nil { attributes.formUnion(ground.attributes.intersection([.reverse, .underline])) }
    if depth == .mono {
      return Appearance(
        foreground: .standard, background: .standard,
        attributes: monoAttributes(own: own, ground: ground, style: style))
    }
    let foreground = own.foreground ?? look(.text).foreground
    let background = ground.background ?? look(.text).background
    switch depth {
    case .mono: break
    case .ansi8, .ansi16:
      return ansi(own: own, ground: ground, style: style, attributes: attributes, depth: depth)
    case .indexed256:
      let back = background.map { Palette.nearest256($0) }
      let front = foreground.map { color in
        style.role.isDecoration
          ? Palette.nearest256(color) : readable256(color, on: back.map(Palette.color))
      }
      return Appearance(
        foreground: front.map { .index($0) } ?? .standard, background: back.map { .index($0) } ?? .standard,
        attributes: attributes)
    case .trueColor:
      let front = foreground.map { color in
        style.role.isDecoration ? color : color.readable(on: background ?? assumedPage)
      }
      return Appearance(
        foreground: front.map { .rgb($0) } ?? .standard, background: background.map { .rgb($0) } ?? .standard,
        attributes: attributes)
    }
    return Appearance(foreground: .standard, background: .standard, attributes: attributes)
  }

  /// The terminal's own background, which we never ask for.
  var assumedPage: RGB { isDark ? RGB(0x000000) : RGB(0xFFFFFF) }

  private func readable256(_ color: RGB, on background: RGB?) -> UInt8 {
    let page = background ?? assumedPage
    let first = Palette.nearest256(color)
    if Palette.color(first).contrast(with: page) >= Theme.minimumContrast { return first }
    let target = page.contrast(with: RGB(0xFFFFFF)) > page.contrast(with: RGB(0)) ? RGB(0xFFFFFF) : RGB(0)
    for step in 1...20 {
      let index = Palette.nearest256(color.mixed(with: target, share: Double(step) / 20))
      if Palette.color(index).contrast(with: page) >= Theme.minimumContrast { return index }
    }
    return Palette.nearest256(target)
  }

  // Black on white or the reverse, with what the theme asks for; never a foreground equal to its background.
  private func ansi(own: Look, ground: Look, style: Style, attributes: Attributes, depth: ColorDepth)
    -> Appearance
  {
    var attributes = attributes
    var back = ground.ansiBackground ?? ground.background.map { Palette.nearest16($0) }
    let text = look(.text)
    let page = text.ansiBackground ?? text.background.map { Palette.nearest16($0) }
    if ground.background == nil && ground.ansiBackground == nil { back = page }
    var front = own.ansiForeground ?? own.foreground.map { Palette.nearest16($0) }
    if front == nil { front = text.ansiForeground ?? text.foreground.map { Palette.nearest16($0) } }
    if depth == .ansi8 {
      // Bright colours are bold ones there; a bright black would be black on black.
      if let bright = front, bright >= 8 {
        front = bright == 8 ? 7 : bright - 8
        if bright != 8 { attributes.insert(.bold) }
      }
      if let bright = back, bright >= 8 { back = bright == 8 ? 0 : bright - 8 }
    }
    // A page near the terminal's usual black or white is left to the terminal.
    if let page, back == page, page == 0 || page == 15 || page == 7 {
      return Appearance(foreground: inkOnPage(front), background: .standard, attributes: attributes)
    }
    if let b = back, let f = front, Palette.ansi[Int(f)].contrast(with: Palette.ansi[Int(b)]) < 3 {
      let light =
        Palette.ansi[Int(b)].contrast(with: RGB(0xFFFFFF)) > Palette.ansi[Int(b)].contrast(with: RGB(0))
      front = light ? (depth == .ansi8 ? 7 : 15) : 0
    }
    return Appearance(
      foreground: front.map { .index($0) } ?? .standard, background: back.map { .index($0) } ?? .standard,
      attributes: attributes)
  }

  private func inkOnPage(_ front: UInt8?) -> Paint {
    guard let front, front != look(.text).ansiForeground, ![0, 7, 15].contains(front) else {
      return .standard
    }
    return .index(front)
  }

  private func monoAttributes(own: Look, ground: Look, style: Style) -> Attributes {
    func attributes(of look: Look) -> Attributes {
      if let mono = look.mono { return mono }
      let page = self.look(.text).background
      let stands = look.background != nil && look.background != page
      return stands ? look.attributes.union(.reverse) : look.attributes
    }
    var result = attributes(of: own).union(style.attributes)
    if style.surface != nil {
      result = own.mono ?? own.attributes
      result.formUnion(style.attributes)
      result.formUnion(attributes(of: ground).intersection([.reverse, .underline]))
    }
    return result
  }
}

extension RGB {
  /// Relative luminance, 0...1 (WCAG 2.1).
  public var luminance: Double {
    func linear(_ channel: UInt8) -> Double { LinearLight.table[Int(channel)] }
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
  }

  /// Contrast ratio, 1...21 (WCAG 2.1).
  public func contrast(with other: RGB) -> Double {
    let (a, b) = (luminance, other.luminance)
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }

  /// The colour itself, or the nearest towards black or white that can be read on `page`.
  func readable(on page: RGB) -> RGB {
    if contrast(with: page) >= Theme.minimumContrast { return self }
    let target = page.contrast(with: RGB(0xFFFFFF)) > page.contrast(with: RGB(0)) ? RGB(0xFFFFFF) : RGB(0)
    for step in 1...20 {
      let candidate = mixed(with: target, share: Double(step) / 20)
      if candidate.contrast(with: page) >= Theme.minimumContrast { return candidate }
    }
    return target
  }
}
