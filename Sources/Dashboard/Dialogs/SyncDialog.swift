import Control
import Fleet
import Terminal

/// The way to a write: plan, read, confirm, watch. Nothing else in the dashboard submits a sync.
struct SyncDialog: Sendable {
  enum Stage: Hashable, Sendable {
    /// The first plan has been asked for.
    case planning
    case reviewing
    /// Confirmed; the engine has not answered yet.
    case submitting(UInt64)
    case running(Receipt)
    /// The engine refused the command as a whole.
    case refused([String])
  }

  /// One line of the plan.
  struct Write: Hashable, Sendable {
    var device: DeviceID
    var register: RegisterSpec
    var before: RegisterValue?
    var after: RegisterValue
    /// New or different since the operator first read the plan.
    var isChanged = false

    /// What would be written, whatever is there now.
    var substance: Substance { Substance(device: device, register: register.name, after: after) }
  }
  struct Substance: Hashable, Sendable {
    var device: DeviceID
    var register: String
    var after: RegisterValue
  }
  struct Refused: Hashable, Sendable {
    var device: DeviceID
    var register: RegisterSpec
    var refusals: [Refusal]
  }

  enum Line: Hashable, Sendable {
    case write(Int)
    case blank
    case refusedHeading
    case refused(Int)
    case reason(Int, Int)
  }

  var scope: SyncScope
  let title: String
  var stage: Stage = .planning
  private(set) var writes: [Write] = []
  private(set) var refused: [Refused] = []
  /// Devices that would be written to.
  private(set) var deviceCount = 0
  /// The plan has changed under the operator's eyes: it must be read again before it can be confirmed.
  var needsReview = false
  var confirmHasFocus = false
  /// Digits typed so far, when the number of devices has to be typed.
  var typed = ""
  var scroll = 0
  /// The plan under way, and when the last came.
  var planToken: UInt64?
  var plannedAt: WallTime?
  /// Whether the plan that is shown was made with force.
  private(set) var plannedForce = false
  private(set) var operation: Operation?
  /// What the list shows, line by line.
  private(set) var lines: [Line] = []

  /// Above this many devices a `y` is not enough: their number has to be typed.
  static let typedAbove = 10

  init(scope: SyncScope, title: String) {
    self.scope = scope
    self.title = title
  }

  var needsTyping: Bool { deviceCount > Self.typedAbove }
  var isTyped: Bool { !needsTyping || typed == String(deviceCount) }
  var isReviewing: Bool { stage == .reviewing }
  /// A gate that `f` would override stands in the way of something.
  var forceWouldHelp: Bool {
    scope.force
      || refused.contains { step in
        step.refusals.contains { $0.gate == 6 }
      }
  }

  /// Takes a fresh plan. If what would be written is not what the operator has read, it says so and starts
  /// over.
  mutating func take(_ plan: SyncPlan, at now: WallTime) {
    let isFirst = stage == .planning
    let old = Set(writes.map(\.substance))
    var fresh: [Write] = []
    var blocked: [Refused] = []
    for step in plan.steps {
      if step.refusals.isEmpty {
        fresh.append(
          Write(device: step.device, register: step.register, before: step.before, after: step.after))
      } else {
        blocked.append(Refused(device: step.device, register: step.register, refusals: step.refusals))
      }
    }
    let changed = !isFirst && Set(fresh.map(\.substance)) != old
    let marks = Set(writes.filter(\.isChanged).map(\.substance))
    for index in fresh.indices where !isFirst {
      let substance = fresh[index].substance
      fresh[index].isChanged = marks.contains(substance) || !old.contains(substance)
    }
    writes = fresh
    refused = blocked
    deviceCount = Set(fresh.map(\.device)).count
    lines = Self.lines(fresh.count, blocked)
    plannedForce = scope.force
    plannedAt = now
    planToken = nil
    stage = .reviewing
    if changed {
      needsReview = true
      confirmHasFocus = false
      typed = ""
    }
  }

  private static func lines(_ writes: Int, _ refused: [Refused]) -> [Line] {
    var lines: [Line] = (0..<writes).map { .write($0) }
    guard !refused.isEmpty else { return lines }
    if writes > 0 { lines.append(.blank) }
    lines.append(.refusedHeading)
    for (index, step) in refused.enumerated() {
      lines.append(.refused(index))
      lines += step.refusals.indices.map { .reason(index, $0) }
    }
    return lines
  }

  /// Lines in the list as it is now: the plan, or the progress.
  var lineCount: Int {
    switch stage {
    case .planning: 1
    case .reviewing, .submitting: max(lines.count, 1)
    case .running: max(operation?.lines.count ?? 1, 1)
    case .refused(let reasons): reasons.count
    }
  }

  /// Keeps the progress of the operation, also after the engine has forgotten it.
  mutating func follow(_ snapshot: FleetSnapshot) {
    guard case .running(let receipt) = stage else { return }
    if let found = snapshot.operations.last(where: { $0.receipt == receipt }) { operation = found }
  }

  /// Digits, where they are asked for.
  mutating func type(_ key: Key) -> Bool {
    guard isReviewing, needsTyping else { return false }
    switch key {
    case .character(let character) where character.isASCII && character.isNumber:
      if typed.count < 6 { typed.append(character) }
    case .backspace: _ = typed.popLast()
    default: return false
    }
    return true
  }

  /// Only what was read and confirmed is asked for.
  var confirmedScope: SyncScope {
    var devices: [DeviceID] = []
    for write in writes where devices.last != write.device { devices.append(write.device) }
    return SyncScope(
      devices: Array(Set(devices)).sorted(), registers: Array(Set(writes.map(\.register.name))).sorted(),
      force: scope.force)
  }
}

extension Model {
  mutating func openSync(_ devices: [DeviceID], title: String?) {
    let name = title ?? (devices.count == 1 ? devices[0].name : "\(devices.count) marked devices")
    var dialog = SyncDialog(scope: SyncScope(devices: devices), title: name)
    askForPlan(&dialog)
    overlay = .sync(dialog)
  }

  private mutating func askForPlan(_ dialog: inout SyncDialog) {
    let token = token()
    dialog.planToken = token
    emit(.plan(token: token, dialog.scope))
  }

  /// At most one plan a second while the operator reads.
  mutating func refreshPlan(_ dialog: inout SyncDialog) {
    guard dialog.isReviewing, dialog.planToken == nil, let last = dialog.plannedAt, now - last >= .seconds(1)
    else { return }
    askForPlan(&dialog)
  }

  mutating func receive(_ plan: SyncPlan, _ token: UInt64) {
    guard case .sync(var dialog) = overlay, dialog.planToken == token else { return }
    guard dialog.stage == .planning || dialog.isReviewing else { return }
    dialog.take(plan, at: now)
    overlay = .sync(dialog)
  }

  mutating func perform(_ action: KeyAction, _ dialog: SyncDialog) {
    var dialog = dialog
    let page = max(SyncDialog.listHeight(size) - 1, 1)
    switch action {
    case .cancel: return closeSync(dialog)
    case .press where !dialog.isReviewing || !dialog.confirmHasFocus: return closeSync(dialog)
    case .press, .confirm: confirm(&dialog)
    case .otherButton:
      if dialog.isReviewing, !dialog.writes.isEmpty { dialog.confirmHasFocus.toggle() }
    case .toggleForce: toggleForce(&dialog)
    case .down: dialog.scroll += 1
    case .up: dialog.scroll -= 1
    case .pageDown: dialog.scroll += page
    case .pageUp: dialog.scroll -= page
    default: break
    }
    dialog.scroll = min(max(dialog.scroll, 0), max(dialog.lineCount - SyncDialog.listHeight(size), 0))
    overlay = .sync(dialog)
  }

  private mutating func closeSync(_ dialog: SyncDialog) {
    overlay = nil
    if case .running = dialog.stage, dialog.operation?.state != .done {
      say("the sync goes on in the background")
    }
    if case .reviewing = dialog.stage { say("cancelled: nothing was written", .info) }
  }

  private mutating func toggleForce(_ dialog: inout SyncDialog) {
    guard dialog.isReviewing, dialog.forceWouldHelp else { return }
    dialog.scope.force.toggle()
    askForPlan(&dialog)
  }

  private mutating func confirm(_ dialog: inout SyncDialog) {
    guard dialog.isReviewing, !dialog.writes.isEmpty else { return }
    if dialog.needsReview {
      dialog.needsReview = false
      dialog.confirmHasFocus = false
      say("read the changed plan, then confirm again", .warning)
      return
    }
    if let reason = syncRefusal {
      say(reason, .warning)
      return
    }
    guard dialog.scope.force == dialog.plannedForce else {
      say("wait: the plan is being made again", .warning)
      return
    }
    guard dialog.isTyped else {
      say("type \(dialog.deviceCount), the number of devices, to confirm", .warning)
      return
    }
    let token = token()
    dialog.stage = .submitting(token)
    dialog.scroll = 0
    emit(.submit(token: token, .sync(dialog.confirmedScope, by: settings.operatorName)))
  }
}
