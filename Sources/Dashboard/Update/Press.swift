import Control
import Fleet
import Terminal

/// From a key to an action, by way of the key table.
extension Model {
  /// The contexts in force, most specific first.
  var contexts: [KeyContext] {
    switch overlay {
    case .help: [.help, .everywhere]
    case .sync: [.sync, .everywhere]
    case .confirm: [.confirm, .everywhere]
    case .shelve: [.shelve, .everywhere]
    case .reason: [.reason, .everywhere]
    case .palette: [.palette, .everywhere]
    case .themes: [.themes, .everywhere]
    case .reader: [.reader, .everywhere]
    case nil: filterField != nil ? [.filter, .everywhere] : [paneContext, .panes, .everywhere]
    }
  }

  var paneContext: KeyContext {
    switch focus {
    case .fleet: .fleet
    case .reality: .reality
    case .timeline: .timeline
    case .sparkline: .sparkline
    case .events: .events
    }
  }

  mutating func press(_ key: Key) {
    toast = nil
    guard layout.shape != .tooSmall else { return pressUnseen(key) }
    let contexts = self.contexts
    let binding = settings.keys.binding(key, in: contexts)
    if let context = contexts.first, context.takesText {
      // Characters are text here, also those that are keys elsewhere.
      if case .character = key { return type(key) }
      if binding == nil { return type(key) }
    }
    if case .sync(var dialog) = overlay, binding?.context != .sync, dialog.type(key) {
      overlay = .sync(dialog)
      return
    }
    guard let binding else { return }
    if let reason = refusal(of: binding.action) {
      say("\(binding.keys.first?.label ?? key.label): \(reason)", .warning)
      return
    }
    perform(binding.action)
  }

  /// Where there is no room to show a question, none can be answered: only what is safe unseen works.
  private mutating func pressUnseen(_ key: Key) {
    switch settings.keys.binding(key, in: [.panes, .everywhere])?.action {
    case .quit: emit(.quit)
    case .suspendProcess: emit(.suspendProcess)
    case .redraw: emit(.redraw)
    case .hold where refusal(of: .hold) == nil && latest?.gates.hold == nil: hold(reason: "")
    case .back:
      // A picked theme is only previewed until it is kept.
      if case .themes = overlay { performInOverlay(.cancel) }
      overlay = nil
    default: break
    }
  }

  private mutating func type(_ key: Key) {
    switch overlay {
    case .palette(var palette):
      if palette.field.edit(key) { palette.choice = nil }
      overlay = .palette(palette)
    case .shelve(var form):
      form.type(key)
      overlay = .shelve(form)
    case .reason(var form):
      if form.reason.edit(key) { form.problem = nil }
      overlay = .reason(form)
    default:
      guard filterField?.field.edit(key) == true else { return }
      applyFilterField()
    }
  }

  mutating func applyFilterField() {
    guard let entry = filterField else { return }
    setFilter(entry.field.text, entry.target)
  }

  mutating func setFilter(_ text: String, _ target: FilterEntry.Target) {
    switch target {
    case .fleet: index.setFilter(Filter(text))
    case .events:
      events.filter = text
      events.cursor = nil
    }
  }
}
