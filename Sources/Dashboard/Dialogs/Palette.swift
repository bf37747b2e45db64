import Control
import Fleet
import Terminal

/// `:` and a command, with completion.
struct Palette: Sendable {
  var field = TextField()
  /// The suggestion chosen with the arrows; `nil`: what is typed.
  var choice: Int?

  struct Suggestion: Hashable, Sendable {
    /// The whole line it stands for.
    var line: String
    var summary: String
  }
}

/// One command of the palette.
struct PaletteCommand: Sendable {
  var name: String
  var argument: String
  var summary: String
  /// What the argument may be; shown as suggestions.
  var arguments: @Sendable (Model) -> [String]
  /// The action whose availability is the command's.
  var action: KeyAction?
  var run: @Sendable (inout Model, String) -> Void

  init(
    _ name: String, _ summary: String, argument: String = "", action: KeyAction? = nil,
    arguments: @escaping @Sendable (Model) -> [String] = { _ in [] },
    run: @escaping @Sendable (inout Model, String) -> Void
  ) {
    self.name = name
    self.argument = argument
    self.summary = summary
    self.arguments = arguments
    self.action = action
    self.run = run
  }

  /// A command that is nothing but a key's action by name.
  static func key(_ name: String, _ action: KeyAction, _ summary: String) -> PaletteCommand {
    PaletteCommand(name, summary, action: action) { model, _ in model.perform(action) }
  }

  /// The one that a line begins with, when it takes an argument.
  static func named(_ line: String) -> PaletteCommand? {
    let words = line.split(separator: " ", maxSplits: 1)
    return words.first.flatMap { name in all.first { $0.name == name && !$0.argument.isEmpty } }
  }

  static let all: [PaletteCommand] = [
    .key("sync", .sync, "sync the marked devices, or this one"),
    .key("sync-all", .syncShown, "sync all devices shown"),
    PaletteCommand("hold", "hold all writes at once", argument: "[reason]", action: .hold) {
      $0.hold(reason: $1)
    },
    PaletteCommand("release", "release the hold, after a confirmation", action: .hold) { model, _ in
      model.openRelease()
    },
    .key("shelve", .shelve, "shelve for a time, with a reason"),
    PaletteCommand("unshelve", "end the shelf, after a confirmation", action: .shelve) { model, _ in
      model.openUnshelve()
    },
    PaletteCommand("suspend", "read on, but never write", argument: "[reason]", action: .suspend) {
      $0.suspendTargets(reason: $1)
    },
    PaletteCommand("resume", "write again, after a confirmation", action: .suspend) { model, _ in
      model.openResume()
    },
    PaletteCommand("retry", "try contested registers again, after a confirmation", action: .sync) {
      model, _ in
      model.openRetry()
    },
    .key("adopt", .adopt, "adopt reality: commit it to a new branch"),
    .key("acknowledge", .acknowledge, "acknowledge"),
    .key("refresh", .refresh, "read now"),
    .key("diff", .diff, "differences, Git against PLC"),
    PaletteCommand(
      "filter", "show only some devices", argument: "[terms]", arguments: { _ in Filter.words.map(\.word) }
    ) {
      $0.setFilter($1, .fleet)
    },
    PaletteCommand(
      "sort", "order of the fleet list", argument: "ORDER",
      arguments: { _ in SortOrder.allCases.map(\.rawValue) }
    ) { $0.sortByName($1) },
    PaletteCommand(
      "group", "divide the fleet list", argument: "none|tag|phase|status|LABEL", arguments: { $0.groupings }
    ) {
      $0.groupByWord($1)
    },
    PaletteCommand(
      "theme", "change the theme", argument: "NAME", arguments: { $0.settings.themes.map(\.name) }
    ) {
      $0.chooseTheme($1)
    },
    PaletteCommand(
      "zoom", "time that the timeline shows", argument: "SPAN",
      arguments: { _ in TimelineState.spans.map { $0.name.filter { $0 != " " } } }
    ) { $0.zoomTime($1) },
    .key("problems", .problems, "all problems of source and engine"),
    .key("freeze", .freeze, "freeze the picture, or go on"),
    .key("screenshot", .saveScreen, "save the screen as text, ANSI and SVG"),
    .key("redraw", .redraw, "draw the screen again"),
    .key("help", .help, "keys and filter words"),
    .key("quit", .quit, "quit"),
  ]
}

extension Model {
  func suggestions(_ palette: Palette) -> [Palette.Suggestion] {
    let text = palette.field.text
    let trimmed = text.drop { $0 == " " }
    guard let space = trimmed.firstIndex(of: " ") else {
      let starting = PaletteCommand.all.filter { $0.name.hasPrefix(trimmed.lowercased()) }
      let others = PaletteCommand.all.filter { command in
        !trimmed.isEmpty && !command.name.hasPrefix(trimmed.lowercased())
          && Pattern(String(trimmed)).matches(command.name)
      }
      return (starting + others).map { .init(line: $0.name, summary: $0.summary) }
    }
    let name = String(trimmed[..<space])
    let argument = String(trimmed[trimmed.index(after: space)...]).trimmed
    guard let command = PaletteCommand.all.first(where: { $0.name == name }) else { return [] }
    return command.arguments(self).filter {
      argument.isEmpty || $0.lowercased().hasPrefix(argument.lowercased())
    }
    .map { .init(line: "\(name) \($0)", summary: command.summary) }
  }

  mutating func perform(_ action: KeyAction, _ palette: Palette) {
    var palette = palette
    let suggestions = suggestions(palette)
    switch action {
    case .cancel:
      overlay = nil
      return
    case .down: palette.choice = min((palette.choice ?? -1) + 1, suggestions.count - 1)
    case .up: palette.choice = palette.choice.flatMap { $0 > 0 ? $0 - 1 : nil }
    case .complete:
      let index = palette.choice ?? 0
      guard suggestions.indices.contains(index) else { break }
      let line = suggestions[index].line
      let takesMore = PaletteCommand.all.first { $0.name == line }.map { !$0.argument.isEmpty } ?? false
      palette.field = TextField(takesMore ? line + " " : line)
      palette.choice = nil
    case .press:
      let chosen = palette.choice.flatMap { suggestions.indices.contains($0) ? suggestions[$0].line : nil }
      overlay = nil
      run(chosen ?? palette.field.text)
      return
    default: break
    }
    if palette.choice.map({ $0 < 0 }) == true { palette.choice = nil }
    overlay = .palette(palette)
  }

  mutating func run(_ line: String) {
    let line = line.trimmed
    guard !line.isEmpty else { return }
    let name = String(line.prefix { $0 != " " })
    let argument = String(line.dropFirst(name.count)).trimmed
    let exact = PaletteCommand.all.first { $0.name == name }
    let starting = PaletteCommand.all.filter { $0.name.hasPrefix(name) }
    guard let command = exact ?? (starting.count == 1 ? starting[0] : nil) else {
      say(
        starting.isEmpty
          ? "no command \(name): Tab completes"
          : "\(name) may be \(starting.map(\.name).joined(separator: ", "))", .warning)
      return
    }
    if let action = command.action, let reason = refusal(of: action) {
      say("\(command.name): \(reason)", .warning)
      return
    }
    command.run(&self, argument)
  }

  var groupings: [String] {
    var keys: Set<String> = []
    for device in index.devices { for label in device.spec.labels { keys.insert(label.key) } }
    return Grouping.words + keys.sorted()
  }

  mutating func groupByWord(_ word: String) {
    let grouping = Grouping(word: word)
    if case .label(let key) = grouping, !groupings.contains(key) {
      return say("no device has a label \(key): there are \(groupings.joined(separator: ", "))", .warning)
    }
    index.setGrouping(grouping)
  }

  mutating func sortByName(_ name: String) {
    guard let order = SortOrder(rawValue: name) else {
      return say("sort orders are \(SortOrder.allCases.map(\.rawValue).joined(separator: ", "))", .warning)
    }
    setSort(order)
  }

  mutating func chooseTheme(_ name: String) {
    guard settings.themes.contains(where: { $0.name == name }) else {
      return say(
        "no theme \(name): there are \(settings.themes.map(\.name).joined(separator: ", "))", .warning)
    }
    themeName = name
    emit(.setTheme(name))
  }

  mutating func zoomTime(_ name: String) {
    guard
      let index = TimelineState.spans.firstIndex(where: {
        $0.name.filter { $0 != " " } == name.filter { $0 != " " }
      })
    else { return say("spans are \(TimelineState.spans.map(\.name).joined(separator: ", "))", .warning) }
    timeline.setZoom(index)
  }

  mutating func hold(reason: String) {
    guard latest?.gates.hold == nil else { return say("all writes are held already", .info) }
    submit(.hold(reason: reason, by: settings.operatorName), saying: "holding all writes")
  }

  mutating func openRelease() {
    guard latest?.gates.hold != nil else { return say("nothing is held", .info) }
    overlay = .confirm(releaseDialog())
  }

  mutating func openUnshelve() {
    let shelved = targets.filter { index.device($0)?.view.shelf != nil }
    guard !shelved.isEmpty else { return say("nothing is shelved here", .info) }
    let what = shelved.count == 1 ? shelved[0].name : "\(shelved.count) devices"
    ask(
      .unshelve(shelved, register: nil), title: "End the shelf",
      lines: ["\(what): corrections go on, alarms sound again."]
        + writes(to: shelved) { if case .shelved = $0 { true } else { false } }, label: "Unshelve")
  }

  mutating func suspendTargets(reason: String) {
    guard !reason.isEmpty else { return openSuspend() }
    submit(
      .suspend(targets, reason: reason, by: settings.operatorName),
      saying: "suspended: read on, never written")
  }

  mutating func openResume() {
    let devices = targets.filter { index.device($0)?.view.suspendedBy != nil }
    guard !devices.isEmpty else { return say("nothing is suspended here", .info) }
    let what = devices.count == 1 ? devices[0].name : "\(devices.count) devices"
    ask(
      .resume(devices), title: "Resume",
      lines: ["\(what): corrections go on."]
        + writes(to: devices) { if case .suspended = $0 { true } else { false } }, label: "Resume")
  }

  mutating func openRetry() {
    let devices = targets.filter { id in index.device(id)?.view.registers.contains(where: \.contested) == true
    }
    guard !devices.isEmpty else { return say("nothing is contested here", .info) }
    let what = devices.count == 1 ? devices[0].name : "\(devices.count) devices"
    ask(
      .retryContested(devices), title: "Try contested registers again",
      lines: ["\(what): registers that something else put back are written again."]
        + writes(to: devices) { if case .contested = $0 { true } else { false } }, label: "Try again")
  }
}
