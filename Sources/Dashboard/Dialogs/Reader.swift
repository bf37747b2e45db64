import Control
import Fleet
import Terminal

/// A text to scroll through.
struct Reader: Sendable {
  struct Line: Hashable, Sendable {
    var spans: [Span]

    static func plain(_ text: String) -> Line { Line(spans: [Span(text, Style(.dialog))]) }
    static func heading(_ text: String) -> Line { Line(spans: [Span(text, Style(.dialogTitle))]) }
    static func styled(_ text: String, _ role: Role) -> Line {
      Line(spans: [Span(text, Style(role, on: .dialog))])
    }

    var text: String { spans.map(\.text).joined() }
  }
  var title: String
  var lines: [Line]
  var scroll = 0
}

/// Context help: made from the key table.
struct HelpView: Sendable {
  let contexts: [KeyContext]
  var scroll = 0
}

/// Themes with live preview.
struct ThemePicker: Sendable {
  /// In force again after `Esc`.
  let before: String
}

extension Model {
  mutating func performInOverlay(_ action: KeyAction) {
    switch overlay {
    case .sync(let dialog): perform(action, dialog)
    case .confirm(let dialog): perform(action, dialog)
    case .shelve(let form): perform(action, form)
    case .reason(let form): perform(action, form)
    case .palette(let palette): perform(action, palette)
    case .themes(let picker): perform(action, picker)
    case .help(var help):
      guard action != .cancel else {
        overlay = nil
        return
      }
      help.scroll = scrolled(help.scroll, action, lines: helpLines(help.contexts).count)
      overlay = .help(help)
    case .reader(var reader):
      switch action {
      case .cancel: overlay = nil
      case .copy:
        emit(.copy(reader.lines.map(\.text).joined(separator: "\n")))
        say("copied", .info)
      default:
        reader.scroll = scrolled(reader.scroll, action, lines: reader.lines.count)
        overlay = .reader(reader)
      }
    case nil: break
    }
  }

  private func scrolled(_ scroll: Int, _ action: KeyAction, lines: Int) -> Int {
    let height = max(size.height - 6, 1)
    let next =
      switch action {
      case .down: scroll + 1
      case .up: scroll - 1
      case .pageDown: scroll + height
      case .pageUp: scroll - height
      case .top: 0
      case .bottom: lines
      default: scroll
      }
    return min(max(next, 0), max(lines - height, 0))
  }

  private mutating func perform(_ action: KeyAction, _ picker: ThemePicker) {
    let names = settings.themes.map(\.name)
    let index = names.firstIndex(of: themeName) ?? 0
    switch action {
    case .down: chooseTheme(names[min(index + 1, names.count - 1)])
    case .up: chooseTheme(names[max(index - 1, 0)])
    case .press:
      overlay = nil
      say("theme \(themeName)", .info)
    case .cancel:
      if themeName != picker.before { chooseTheme(picker.before) }
      overlay = nil
    default: break
    }
  }

  /// Git against PLC, for the marked devices or this one: what a reviewer would read.
  func diffReader() -> Reader {
    var lines: [Reader.Line] = []
    let devices = targets.prefix(200).compactMap(index.device)
    for device in devices {
      let differing = device.view.registers.enumerated().filter { $0.element.inSync == false }
      lines.append(.heading(device.id.description))
      if differing.isEmpty { lines.append(.styled("  no difference that is known", .dim)) }
      for (number, register) in differing { lines += diff(device, register, number) }
      lines.append(.plain(""))
    }
    if targets.count > 200 { lines.append(.plain("and \(targets.count - 200) more: fabctl diff lists all")) }
    if lines.last?.text.isEmpty == true { lines.removeLast() }
    return Reader(title: "Git against PLC", lines: lines)
  }

  private func diff(_ device: DeviceSnapshot, _ register: RegisterView, _ number: Int) -> [Reader.Line] {
    let format = ValueFormat(register.spec)
    let unit = register.spec.unit.isEmpty ? "" : " \(register.spec.unit)"
    var column = DecimalColumn()
    let desired = register.spec.desired.map(format.text) ?? "nothing"
    let actual = register.actual.map(format.text) ?? "?"
    column.include(desired)
    column.include(actual)
    var who = ""
    if let known = provenance.of(device.id, register: register.spec.name) {
      who = "   \(known.author), \(known.commit.prefix(RevisionText.digits)), \(time.age(known.time)) ago"
      who += ", \(known.location.file):\(known.location.line)"
    } else if device.sources.indices.contains(number), let location = device.sources[number] {
      who = "   \(location.file):\(location.line)"
    }
    let read = register.lastRead.map { "   read \(time.moment($0))" } ?? ""
    let trouble =
      device.view.status == .unreachable || device.view.stale ? ", \(device.view.status.word)" : ""
    return [
      .plain("  \(register.spec.name)"),
      .styled("- \(column.place(desired))\(unit)   Git\(who)", .removed),
      .styled("+ \(column.place(actual))\(unit)   PLC\(read)\(trouble)", .added),
    ]
  }
}
