import Control
import Dashboard
import Fleet
import Foundation
import NcursesTerminal
import Synchronization
import Terminal

/// Runs the dashboard: feeds its model with keys, snapshots, answers and the time, shows its frames, performs its
/// commands. Decides nothing.
///
/// Its loop has a thread of its own: a key does not wait behind git, the journal or anything else that has taken the
/// threads that tasks share.
final class DashboardRuntime: Sendable {
  private let engine: any FleetEngine
  private let terminal: NcursesSession
  private let themes: [Theme]
  private let inbox = Inbox()
  private let clock: @Sendable () -> WallTime
  private let screenshots: String

  /// How a dashboard ended.
  enum End {
    case quit
    /// SIGINT.
    case interrupted
    /// SIGTERM, or the terminal went away.
    case ended
  }

  /// - Parameter clock: what time the screen says it is.
  init(
    engine: any FleetEngine, terminal: NcursesSession, themes: [Theme],
    clock: @escaping @Sendable () -> WallTime = DashboardRuntime.now
  ) {
    self.clock = clock
    self.engine = engine
    self.terminal = terminal
    self.themes = themes
    screenshots = FileManager.default.currentDirectoryPath
  }

  /// A line for the operator from outside the dashboard.
  func tell(_ text: String) { inbox.put(.notice(text, .warning)) }

  func run(_ settings: Settings) async -> End {
    let sources = [
      Task.detached(priority: .high) { [inbox, terminal] in
        for await event in terminal.events { inbox.put(event) }
        inbox.put(TerminalEvent.hangup)
      },
      Task.detached { [inbox, engine] in
        for await snapshot in engine.leanSnapshots() { inbox.put(snapshot) }
        inbox.put(Message.engineEnded(reason: "the engine has stopped"))
      },
    ]
    defer { for source in sources { source.cancel() } }
    return await withCheckedContinuation { continuation in
      let thread = Thread {
        Thread.current.name = "dashboard"
        continuation.resume(returning: self.loop(settings))
      }
      // Deep enough for the deepest dialog over the largest screen many times over.
      thread.stackSize = 8 << 20
      thread.start()
    }
  }

  private func loop(_ settings: Settings) -> End {
    var model = Model(settings, now: clock())
    var frame = Frame(size: terminal.size, glyphs: terminal.glyphs)
    show(model, &frame)
    var shownAt = Self.now()
    while true {
      let due = Self.tickDue(after: shownAt)
      let batch = inbox.take(within: Int(min(max(due.milliseconds - Self.now().milliseconds, 1), 1100)))
      let now = Self.now()
      if batch.snapshot != nil {
        // It brings the time with it.
        shownAt = now
      } else if batch.isEmpty || now >= due {
        shownAt = now
        if let end = apply(.tick(clock()), &model) { return end }
      }
      if let end = digest(batch, &model) { return end }
      show(model, &frame)
    }
  }

  private func show(_ model: Model, _ frame: inout Frame) {
    if frame.size != model.size { frame.reset(size: model.size) }
    render(model, into: &frame)
    terminal.present(frame)
  }

  /// Keys come last, so that they meet what the operator is about to see, not what is gone.
  private func digest(_ batch: Inbox.Batch, _ model: inout Model) -> End? {
    for message in batch.messages {
      if let end = apply(message, &model) { return end }
    }
    if let snapshot = batch.snapshot {
      let now = clock()
      if let end = apply(.tick(now), &model) ?? apply(.snapshot(snapshot), &model) { return end }
    }
    for event in batch.terminal {
      switch event {
      case .key(let key): if let end = apply(.key(key), &model) { return end }
      case .paste(let text): if let end = apply(.paste(text), &model) { return end }
      case .mouse(let mouse): if let end = apply(.mouse(mouse), &model) { return end }
      case .resize(let size): if let end = apply(.resize(size), &model) { return end }
      case .resumed: if let end = apply(.tick(clock()), &model) { return end }
      case .request(.interrupt): return .interrupted
      case .request(.terminate), .hangup: return .ended
      }
    }
    return nil
  }

  private func apply(_ message: Message, _ model: inout Model) -> End? {
    for command in update(&model, message) {
      switch command {
      case .quit: return .quit
      case .saveScreen: saveScreen(model)
      case .setTheme(let name):
        if let theme = themes.first(where: { $0.name == name }) { terminal.setTheme(theme) }
        currentTheme.withLock { $0 = name }
      case .copy(let text): terminal.copy(text)
      case .redraw: terminal.redraw()
      case .suspendProcess: terminal.suspend()
      case .loadProvenance(let device): askProvenance(of: device)
      default: perform(command)
      }
    }
    return nil
  }

  /// What takes time goes to the engine and comes back as a message.
  private func perform(_ command: Command) {
    let (engine, inbox) = (engine, inbox)
    Task.detached {
      switch command {
      case .submit(let token, let wish): inbox.put(.outcome(token: token, await engine.submit(wish)))
      case .plan(let token, let scope): inbox.put(.planned(token: token, await engine.plan(scope)))
      case .loadHistory(let token, let query):
        do {
          inbox.put(.history(token: token, try await engine.history(query)))
        } catch {
          inbox.put(.historyFailed(token: token, reason: "\(error)"))
        }
      case .adopt(let token, let device, let registers, let reason, let by):
        let outcome = await engine.adopt(device, registers: registers, reason: reason, by: by)
        inbox.put(.adopted(token: token, outcome))
      default: break
      }
    }
  }

  private let asking = Mutex<Task<Void, Never>?>(nil)

  /// Costs a run of git: only for a device on which the cursor rests, not for all it passes.
  private func askProvenance(of device: DeviceID) {
    let (engine, inbox) = (engine, inbox)
    let next = Task.detached {
      guard (try? await Task.sleep(for: .milliseconds(150))) != nil else { return }
      // From here on it is not given up: half an answer would be taken for the whole one.
      await Task.detached { inbox.put(.provenance(device: device, await engine.provenance(of: device))) }
        .value
    }
    asking.withLock { last in
      last?.cancel()
      last = next
    }
  }

  // MARK: Screenshots

  private let currentTheme = LockedName()

  private func saveScreen(_ model: Model) {
    let frame = render(model, size: model.size)
    let name = currentTheme.withLock { $0 }
    let theme = themes.first { $0.name == name } ?? themes.first ?? .plain
    let stem = screenshots + "/fabctl-" + Self.fileStamp()
    do {
      try frame.text.write(toFile: stem + ".txt", atomically: true, encoding: .utf8)
      try frame.ansi(theme: theme).write(toFile: stem + ".ansi", atomically: true, encoding: .utf8)
      try frame.svg(theme: theme, title: "fabctl").write(
        toFile: stem + ".svg", atomically: true, encoding: .utf8)
      inbox.put(.notice("Screen saved: \(stem).txt, .ansi and .svg", .info))
    } catch {
      inbox.put(.notice("Screen not saved: \((error as NSError).localizedDescription)", .warning))
    }
  }

  private static func fileStamp() -> String {
    let civil = now().civil(offset: localOffset(now()))
    return String(
      format: "%04d%02d%02d-%02d%02d%02d", civil.year, civil.month, civil.day, civil.hour, civil.minute,
      civil.second)
  }

  // MARK: Time

  static func now() -> WallTime {
    var wall = timespec()
    clock_gettime(CLOCK_REALTIME, &wall)
    return WallTime(milliseconds: Int64(wall.tv_sec) &* 1000 &+ Int64(wall.tv_nsec) / 1_000_000)
  }

  /// When the time on the screen is to be another: a moment into the second after the one that is shown. Snapshots come
  /// on the second, and one that does makes a tick needless.
  private static func tickDue(after shown: WallTime) -> WallTime {
    WallTime(milliseconds: (shown.milliseconds / 1000 + 1) * 1000 + 100)
  }

  @Sendable static func localOffset(_ time: WallTime) -> Int32 {
    var seconds = time_t(time.milliseconds / 1000)
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return 0 }
    return Int32(parts.tm_gmtoff)
  }
}

/// A name behind a lock.
final class LockedName: @unchecked Sendable {
  private let lock = NSLock()
  private var name = ""
  func withLock<Result>(_ body: (inout String) -> Result) -> Result { lock.withLock { body(&name) } }
}
