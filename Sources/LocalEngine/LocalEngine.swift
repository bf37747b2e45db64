import Control
import Fleet
import Journal
import Logging
import Modbus
import NIOCore
import NIOPosix

/// The engine that runs the control loop in this process: polls PLCs, compares with what the source desires, and
/// writes when every gate allows it.
///
/// Everything happens on one event loop (`EngineCore`); this type only carries calls there and answers back.
public final class LocalEngine: FleetEngine {
  public let capabilities: Capabilities
  private let core: NIOLoopBound<EngineCore>
  private let loop: any EventLoop
  private let source: any DesiredSource
  private let feeding: Task<Void, Never>
  private let listening: Task<Void, Never>?
  private let journal: OpenedJournal

  /// Starts at once; `stop()` ends it.
  /// - Parameters:
  ///   - journal: where to keep the audit, counters and history; `nil` keeps nothing beyond this process.
  ///   - loop: the loop everything runs on, usually one of its own.
  public init(
    source: any DesiredSource, origin: String, settings: EngineSettings, journal: JournalChoice? = nil,
    loop: any EventLoop, hooks: EngineHooks = .init(), logger: Logger = Logger(label: "fabgitops.engine")
  ) async throws {
    var missing: [Capabilities.Ability: String] = [:]
    if settings.mode != .control {
      let why = settings.observeReason.isEmpty ? "started with --observe" : settings.observeReason
      for ability in [Capabilities.Ability.sync, .hold, .shelve, .suspend] {
        missing[ability] = "read-only: \(why)"
      }
    }
    capabilities = Capabilities(mode: settings.mode, missing: missing)
    self.loop = loop
    self.source = source
    let opened = await OpenedJournal(journal, loop: loop)
    let core = try await loop.submit {
      let core = EngineCore(
        loop: loop, settings: settings, origin: origin,
        links: ModbusLinkMaker(
          loop: loop, credentialsDirectory: settings.credentialsDirectory, logger: logger),
        audit: opened.trail(on: loop), hooks: hooks, logger: logger)
      opened.attach(core, on: loop)
      return NIOLoopBound(core, eventLoop: loop)
    }.get()
    self.core = core
    self.journal = opened
    let listener =
      settings.mode == .control
      ? opened.listener { [loop] words in
        _ = try? await loop.submit { core.value.take(words) }.get()
      } : nil
    listening = listener.map { listener in Task.detached { await listener.run() } }
    feeding = Task.detached { [source, loop] in
      for await update in source.updates() {
        guard !Task.isCancelled else { return }
        loop.execute { core.value.apply(update) }
      }
    }
  }

  public func snapshots() -> AsyncStream<FleetSnapshot> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: FleetSnapshot.self, bufferingPolicy: .bufferingNewest(1))
    let (core, loop) = (core, loop)
    loop.execute {
      let token = core.value.subscribe(continuation)
      continuation.onTermination = { _ in loop.execute { core.value.unsubscribe(token) } }
    }
    return stream
  }

  public func submit(_ command: FleetCommand) async -> CommandOutcome {
    let core = core
    do {
      return try await loop.submit { core.value.submit(command) }.get()
    } catch {
      return .refused(["the engine has stopped"])
    }
  }

  public func plan(_ scope: SyncScope) async -> SyncPlan {
    let core = core
    return (try? await loop.submit { core.value.plan(scope) }.get()) ?? SyncPlan(steps: [])
  }

  public func history(_ query: HistoryQuery) async throws -> [DeviceHistory] {
    let core = core
    let recent = try await loop.submit { (core.value.history(query), core.value.memoryBegins(query)) }.get()
    // The memory has it all, or nothing else does.
    guard recent.1.map({ $0 > query.from }) ?? true else { return recent.0 }
    // A journal that cannot be read now takes nothing from what the memory has.
    guard let reader = try? journal.door?.reader(), let kept = try? await reader.history(query) else {
      return recent.0
    }
    return HistoryMerge.merge(older: kept, newer: recent.0)
  }

  public func provenance(of device: DeviceID) async -> [String: Provenance] {
    await source.provenance(of: device)
  }

  public func adopt(
    _ device: DeviceID, registers: [String], reason: String, by operatorName: String
  ) async -> AdoptOutcome {
    let core = core
    let values = try? await loop.submit { core.value.actualValues(of: device, registers: registers) }.get()
    guard let values else { return .refused("adopt: no such device \(device)") }
    guard !values.isEmpty else {
      return .refused("adopt: nothing to adopt on \(device): no drifted register has been read")
    }
    let outcome = await source.adopt(device, values: values, reason: reason, by: operatorName)
    if case .committed(let branch, let commit, _) = outcome {
      loop.execute { core.value.adopted(device, branch: branch, commit: commit, by: operatorName) }
    }
    return outcome
  }

  /// Leadership (gate 2) lasts for `span` from now; `nil`: it has ended, `.max` nanoseconds: for good.
  ///
  /// - Parameter holder: who leads instead, for the message.
  public func lead(for span: TimeSpan?, holder: String = "") {
    let until = span.map { EngineClock.now().instant + $0 }
    let core = core
    loop.execute {
      core.value.changeGates { gates in
        gates.leadershipUntil = until
        gates.leader = holder
      }
    }
  }

  /// Stops taking work, lets writes in flight be verified for at most `grace`, releases every device without
  /// writing, and ends the streams.
  public func stop(grace: Duration = .seconds(3)) async {
    feeding.cancel()
    listening?.cancel()
    let core = core
    let deadline = ContinuousClock.now + grace
    _ = try? await loop.submit { core.value.beginStop() }.get()
    while ContinuousClock.now < deadline {
      let busy = (try? await loop.submit { core.value.writesInFlight }.get()) ?? 0
      if busy == 0 { break }
      try? await Task.sleep(for: .milliseconds(20))
    }
    _ = try? await loop.submit { core.value.stop() }.get()
    await journal.close()
  }
}
