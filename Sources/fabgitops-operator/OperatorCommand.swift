import ArgumentParser
import Cluster
import Logging
import Observability

/// The command line.
struct OperatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fabgitops-operator",
    abstract: "Holds PLCs to what IndustrialPLC resources say, and reports back to the cluster.",
    discussion: """
      Polls every PLC over Modbus TCP, shows drift in status, events and metrics, and corrects it where that is
      allowed and safe. Of several replicas one leads; the others stand by.
      """,
    version: "fabgitops-operator \(OperatorProcess.version)")

  @Option(
    help: ArgumentHelp(
      "A kubeconfig file; else KUBECONFIG, else the pod's service account.", valueName: "path"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("A context of the kubeconfig; else its current one.", valueName: "name"))
  var context: String?

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Only resources of this namespace; else all.", valueName: "name"))
  var namespace: String?

  @Option(
    name: [.customShort("l"), .long],
    help: ArgumentHelp("Only resources with these labels, such as zone=a,line!=3.", valueName: "labels"))
  var selector: String?

  @Option(
    help: ArgumentHelp(
      "Only the i-th of n parts of the resources (0/3, 1/3, 2/3), divided by name.", valueName: "i/n"))
  var shard: Shard = .whole

  @Option(
    help: ArgumentHelp(
      "Where to serve /metrics, /healthz, /readyz and /api/v1; else 0.0.0.0:8080 in a container, 127.0.0.1:8080 elsewhere.",
      valueName: "address"))
  var http: String?

  @Flag(inversion: .prefixedNo, help: "Act only while holding the lease.")
  var leaderElect = true

  @Option(
    help: ArgumentHelp(
      "Where the lease and the hold are; else the pod's or the context's namespace.", valueName: "name"))
  var leaseNamespace: String?

  @Option(help: ArgumentHelp("Name of the lease; else made from the scope.", valueName: "name"))
  var leaseName: String?

  @Option(help: ArgumentHelp("How long others wait for a leader that is silent.", valueName: "seconds"))
  var leaseDuration = 15.0

  @Option(
    help: ArgumentHelp(
      "How long a leader acts on its last renewal; less than the duration.", valueName: "seconds"))
  var renewDeadline = 10.0

  @Option(help: ArgumentHelp("Between tries to take or renew the lease.", valueName: "seconds"))
  var retryPeriod = 2.0

  @Option(help: ArgumentHelp("Serve the admission webhook here, such as :9443.", valueName: "address"))
  var webhook: String?

  @Option(
    help: ArgumentHelp(
      "Where tls.crt and tls.key of the webhook are; read again when they change.", valueName: "path"))
  var webhookCertDir = "/etc/fabgitops/webhook"

  @Flag(help: "Read and report, never write to a PLC.")
  var dryRun = false

  @Option(
    help: ArgumentHelp(
      "Where to keep the audit journal; else $XDG_STATE_HOME/fabgitops.", valueName: "path"))
  var stateDir: String?

  @Option(help: "text or json.")
  var logFormat: LogFormat = .text

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel: Logger.Level = .info
}

extension Shard: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
extension LogFormat: ExpressibleByArgument {}
extension Logger.Level: @retroactive ExpressibleByArgument {}
