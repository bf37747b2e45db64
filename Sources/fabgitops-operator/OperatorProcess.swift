import CBareSystem
import Cluster
import Control
import Foundation
import Kubernetes
import LocalEngine
import Logging
import Metrics
import NIOPosix
import Observability

/// One run of the program: puts the parts together and takes them apart again.
struct OperatorProcess {
  static let version = "0.1.0"

  private let command: OperatorCommand
  private let http: ObservabilityOptions
  private let webhookAddress: ObservabilityOptions?
  private let cluster: ClusterConfiguration
  private let configuration: OperatorConfiguration
  private let output: LogOutput
  private let logSignals: LogLevelSignals
  private let logger: Logger
  private let registry = MetricRegistry(catalog: MetricCatalog.instruments + Self.operatorMetrics)

  /// What only an operator counts.
  private static let operatorMetrics = [
    MetricDescription(
      "fabgitops_status_writes_total", .counter, "Statuses written to the API server, by how that ended."),
    MetricDescription(
      "fabgitops_admission_total", .counter,
      "Manifests judged by the admission webhook, by whether they were allowed."),
  ]

  /// Everything that can be refused is refused here.
  init(_ command: OperatorCommand) throws {
    self.command = command
    let address = command.http ?? ObservabilityOptions.standardAddress(ProcessInfo.processInfo.environment)
    http = try Self.address(address, "--http", version: Self.version)
    webhookAddress = try command.webhook.map { try Self.address($0, "--webhook", version: Self.version) }
    let environment = ProcessInfo.processInfo.environment
    do {
      cluster = try ClusterConfiguration.discover(
        kubeconfig: command.kubeconfig, context: command.context, environment: environment)
    } catch {
      throw OperatorFailure.cluster("\(error)")
    }
    configuration = try Self.configuration(command, cluster, environment)
    output = LogOutput(level: command.logLevel, format: command.logFormat)
    let output = output
    LoggingSystem.bootstrap { output.handler($0) }
    logSignals = LogLevelSignals(output)
    MetricsSystem.bootstrap(registry)
    logger = Logger(label: "operator")
  }

  private static func address(
    _ text: String, _ flag: String, version: String
  ) throws -> ObservabilityOptions {
    guard var options = ObservabilityOptions(listen: text) else {
      throw OperatorFailure.usage("\(flag) \(text): not an address; try 0.0.0.0:8080 or :9443")
    }
    options.version = version
    return options
  }

  private static func configuration(
    _ command: OperatorCommand, _ cluster: ClusterConfiguration, _ environment: [String: String]
  ) throws -> OperatorConfiguration {
    let host = environment["POD_NAME"] ?? ProcessInfo.processInfo.hostName
    let identity = "\(host)_\(UUID().uuidString.lowercased())"
    var configuration = OperatorConfiguration(identity: identity, origin: "\(cluster.server)")
    configuration.namespace = command.namespace
    configuration.selector = command.selector
    configuration.shard = command.shard
    configuration.isDryRun = command.dryRun
    configuration.ownNamespace = command.leaseNamespace ?? cluster.namespace ?? "default"
    let lease =
      command.leaseName
      ?? OperatorConfiguration.leaseName(
        namespace: command.namespace, selector: command.selector, shard: command.shard)
    if command.leaderElect {
      do {
        configuration.election = .init(
          namespace: configuration.ownNamespace, name: lease,
          timing: try LeaseElection.Configuration(
            identity: identity, leaseDuration: .seconds(command.leaseDuration),
            renewDeadline: .seconds(command.renewDeadline), retryPeriod: .seconds(command.retryPeriod)))
      } catch {
        throw OperatorFailure.usage("--lease-duration, --renew-deadline, --retry-period: \(error)")
      }
    }
    let directory =
      command.stateDir.map { StateDirectory(path: $0) }
      ?? StateDirectory(
        origin: "\(cluster.server)", subPath: "\(configuration.ownNamespace)/\(lease)",
        environment: environment)
    configuration.journal = JournalChoice(
      directory: directory, actor: identity, program: "fabgitops-operator \(version)")
    return configuration
  }

  func run() async throws {
    let signals = StopSignals()
    var options = KubernetesClient.Options()
    options.userAgent = "fabgitops-operator/\(Self.version)"
    options.environment = ProcessInfo.processInfo.environment
    let client = KubernetesClient(cluster, options: options, logger: Logger(label: "kubernetes"))
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let controller = OperatorController(
      client, configuration, loop: group.next(), logger: logger, now: LogOutput.systemTime)
    logger.notice(
      "Starting",
      metadata: [
        "version": "\(Self.version)", "server": "\(cluster.server)",
        "namespace": "\(configuration.namespace ?? "all")", "shard": "\(configuration.shard)",
        "lease": "\(configuration.election.map { "\($0.namespace)/\($0.name)" } ?? "none")",
        "dryRun": "\(configuration.isDryRun)",
      ])
    let webhook = try makeWebhook()
    let settling = EngineStart.whenOver { giveBackMemory() }
    defer { settling.cancel() }
    await controller.start()
    let failure = await serve(controller, webhook, signals)
    await controller.stop()
    logger.notice("Stopped")
    output.flush()
    if let failure { throw failure }
  }

  /// Whatever hangs, the process ends: the lease runs out by itself.
  private func watch() {
    Task.detached { [logger, output] in
      try await Task.sleep(for: .milliseconds(9500))
      logger.error("Could not stop in order, leaving")
      output.flush(.milliseconds(200))
      _exit(1)
    }
  }

  private func makeWebhook() throws -> WebhookServer? {
    guard let address = webhookAddress else { return nil }
    let logger = Logger(label: "webhook")
    let directory = command.webhookCertDir
    do {
      let certificates = try WebhookCertificates(
        chain: directory + "/tls.crt", key: directory + "/tls.key"
      ) { logger.notice("\($0)") }
      let refused = Counter(label: "fabgitops_admission_total", dimensions: [("allowed", "false")])
      let allowed = Counter(label: "fabgitops_admission_total", dimensions: [("allowed", "true")])
      return WebhookServer(
        host: address.host, port: address.port, certificates: certificates, logger: logger
      ) { verdict in
        (verdict.isAllowed ? allowed : refused).increment()
        guard !verdict.isAllowed else { return }
        logger.info(
          "Refused a manifest",
          metadata: ["plc": "\(verdict.subject)", "why": "\(verdict.errors.joined(separator: "; "))"])
      }
    } catch {
      throw OperatorFailure.usage("--webhook: \(error)")
    }
  }

  /// Until a signal asks for the end, or an endpoint cannot be had.
  private func serve(
    _ controller: OperatorController, _ webhook: WebhookServer?, _ signals: StopSignals
  ) async -> OperatorFailure? {
    let endpoints = ObservabilityServer(
      engine: controller.engine, registry: registry, options: http, logger: Logger(label: "http"),
      now: LogOutput.systemTime)
    let logger = logger
    let (http, hook) = ("\(self.http.host):\(self.http.port)", command.webhook ?? "")
    return await withTaskGroup(of: OperatorFailure?.self) { group in
      group.addTask {
        do {
          try await endpoints.run()
          return nil
        } catch {
          return Task.isCancelled ? nil : OperatorFailure(code: 1, line: "--http \(http): \(error)")
        }
      }
      if let webhook {
        group.addTask {
          do {
            try await webhook.run {
              logger.notice("Serving the admission webhook", metadata: ["port": "\($0)"])
            }
            return nil
          } catch {
            return Task.isCancelled ? nil : OperatorFailure(code: 1, line: "--webhook \(hook): \(error)")
          }
        }
      }
      group.addTask {
        for await number in signals.stream {
          logger.notice("Stopping", metadata: ["signal": "\(number)"])
          return nil
        }
        return nil
      }
      let first = await group.next() ?? nil
      watch()
      group.cancelAll()
      return first
    }
  }
}
