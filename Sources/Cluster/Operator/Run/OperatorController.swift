import Control
import Fleet
import Kubernetes
import LocalEngine
import Logging
import NIOCore

/// Runs the operator: stands by until it leads, then hands the engine what the resources desire, and tells the API
/// server what became of it.
///
/// A *term* begins when this process first leads and ends when another one does. Between two terms it is on
/// standby: it keeps an eye on the resources, so that a missing permission shows before it is needed, and leaves
/// the PLCs alone, many of which take one connection only. A lease that merely could not be renewed closes the
/// gates and does not end the term: nobody else can lead while the API server is away, and what was counted
/// meanwhile must not be lost.
public actor OperatorController {
  /// What belongs to one term.
  struct Term {
    var engine: LocalEngine
    var source: ClusterDesiredSource
    var writer: StatusWriter
    var pump: Task<Void, Never>
    var writing: Task<Void, Never>
    /// Overrides as the engine has them.
    var applied: [DeviceID: Overrides] = [:]
    var pendingSyncs: [DeviceID: SyncAnnotation] = [:]
    var runningSyncs: [UInt64: (device: DeviceID, request: String)] = [:]
    /// The hold as the engine was told; nil: it was not told yet.
    var hold: Hold??
  }

  let client: KubernetesClient
  let configuration: OperatorConfiguration
  let loop: any EventLoop
  let logger: Logger
  let elector: LeaderElector?
  let recorder: EventRecorder
  let now: @Sendable () -> WallTime
  public nonisolated let engine: OperatorEngine

  var book: ResourceBook
  var term: Term?
  var leader = ""
  /// The last trouble with the lease, which is told once and not at every try.
  var leaseTrouble: ClientError?
  /// Told apart from those of an informer that was replaced.
  var epoch = 0
  var isSynced = false
  var trouble: (error: String, since: WallTime)?
  var isFlushScheduled = false
  var hold: Hold?
  var isHoldKnown = false
  /// The last answer about it was that this process may not ask.
  var isHoldForbidden = false
  var isStopping = false
  var lastDeadline: MonotonicInstant?
  var relay: EventRelay?
  /// Something about overrides may have changed since the last look.
  var hasNewOverrides = false

  private var informing: Task<Void, Never>?
  private var background: [Task<Void, Never>] = []
  private var electing: Task<Void, Never>?

  /// - Parameters:
  ///   - loop: everything about PLCs runs on it, one term after the other.
  public init(
    _ client: KubernetesClient, _ configuration: OperatorConfiguration, loop: any EventLoop, logger: Logger,
    now: @escaping @Sendable () -> WallTime
  ) {
    self.client = client
    self.configuration = configuration
    self.loop = loop
    self.logger = logger
    self.now = now
    elector = configuration.election.map {
      LeaderElector(client, namespace: $0.namespace, name: $0.name, configuration: $0.timing)
    }
    recorder = EventRecorder(
      client, correlator: EventCorrelator(component: "fabgitops-operator", instance: configuration.identity))
    book = ResourceBook(shard: configuration.shard)
    engine = OperatorEngine(
      mode: configuration.isDryRun ? .observe : .control, why: configuration.isDryRun ? "--dry-run" : "",
      origin: configuration.origin, at: now())
  }

  /// Begins; returns at once.
  public func start() {
    let recorder = recorder
    background.append(Task.detached { await recorder.run() })
    background.append(watchHold())
    inform()
    guard let elector else {
      Task { await self.beginTerm() }
      return
    }
    electing = Task.detached { [weak self] in
      await elector.run { [weak self] event in await self?.handle(event) }
    }
    background.append(Task { await self.followLease(elector) })
  }

  /// Stops taking work, lets a write in flight be verified, tells what is left to tell, and gives the lease up.
  /// Takes 8 seconds at most, also when nothing answers.
  public func stop() async {
    guard !isStopping else { return }
    isStopping = true
    informing?.cancel()
    if let term {
      relay?.end()
      await term.engine.stop(grace: .seconds(3))
      // The last snapshot ends the stream, and with it the pump.
      await term.pump.value
      term.writing.cancel()
      await term.writer.flush(within: .seconds(2))
    }
    recorder.finish()
    await waitForEvents(.seconds(1))
    electing?.cancel()
    await electing?.value
    await elector?.release(within: .seconds(2))
    for task in background { task.cancel() }
    engine.finish()
  }

  private func waitForEvents(_ limit: Duration) async {
    guard let posting = background.first else { return }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await posting.value }
      group.addTask {
        try? await Task.sleep(for: limit)
        // Cancelling the task that posts makes the other one end, too.
        posting.cancel()
      }
      await group.next()
      group.cancelAll()
    }
  }

  /// Lists and watches the resources anew.
  func inform() {
    informing?.cancel()
    epoch += 1
    isSynced = false
    book = ResourceBook(shard: configuration.shard)
    let informer = Informer<DynamicObject>(
      client, .industrialPLCs, namespace: configuration.namespace,
      selection: Selection(labels: configuration.selector))
    let epoch = epoch
    informing = Task.detached { [weak self] in
      await informer.run { [weak self] event in await self?.handle(event, epoch: epoch) }
    }
  }

  /// Whether this process may write to PLCs and statuses at this moment. Asked from any thread.
  nonisolated var mayWrite: @Sendable () -> Bool {
    guard let elector else { return { true } }
    return { elector.mayWrite(until: .now()) }
  }
}
