import Control
import Kubernetes
import LocalEngine

/// How an operator runs.
public struct OperatorConfiguration: Sendable {
  /// Nil: all namespaces.
  public var namespace: String?
  /// Kubernetes label selector; nil: all.
  public var selector: String?
  public var shard = Shard.whole
  /// Read and report, never write to a PLC.
  public var isDryRun = false
  /// Nil: no election, this process leads for ever.
  public var election: Election?
  /// Where the hold's ConfigMap is looked for.
  public var ownNamespace = "default"
  /// For events and the lease.
  public var identity: String
  /// For messages: which API server.
  public var origin: String
  /// Nil: nothing is kept beyond what the API server keeps.
  public var journal: JournalChoice?
  /// A sync request older than this is not acted on by an operator that has just begun: whoever asked has gone.
  public var forgetSyncAfter = TimeSpan.seconds(600)

  /// Which lease, and for how long.
  public struct Election: Sendable {
    public var namespace: String
    public var name: String
    public var timing: LeaseElection.Configuration

    public init(namespace: String, name: String, timing: LeaseElection.Configuration) {
      self.namespace = namespace
      self.name = name
      self.timing = timing
    }
  }

  public init(identity: String, origin: String) {
    self.identity = identity
    self.origin = origin
  }

  /// The name of the lease of operators with this scope: two with different scopes must not exclude each other.
  public static func leaseName(namespace: String?, selector: String?, shard: Shard) -> String {
    var name = "fabgitops-operator"
    if namespace != nil || selector != nil {
      var hash: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in "\(namespace ?? "")\n\(selector ?? "")".utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
      name += "-" + String(hash, radix: 36)
    }
    return shard == .whole ? name : "\(name)-\(shard.index)-of-\(shard.count)"
  }
}
