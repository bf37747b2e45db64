import Kubernetes

extension ResourceType {
  /// The resource that says what a PLC should be (`deploy/k8s/crd.yaml`).
  public static let industrialPLCs = ResourceType(
    group: "fabgitops.io", version: "v1", plural: "industrialplcs", kind: "IndustrialPLC")
}

/// Names of the annotations on an `IndustrialPLC` by which people and tools talk to the operator
/// (docs/reference/kubernetes.md).
public enum PLCAnnotation {
  /// RFC 3339. Another value than before asks for one sync; echoed in `status.lastHandledSyncRequest`.
  public static let lastSyncRequest = "fabgitops.io/last-sync-request"
  /// `"true"`: the sync requested is a forced one.
  public static let forceSync = "fabgitops.io/force-sync"
  /// Names of registers, separated by commas; absent: all.
  public static let syncRegisters = "fabgitops.io/sync-registers"
  /// Who asked for the sync, for the audit.
  public static let requestedBy = "fabgitops.io/requested-by"
  /// Shelves in force, as JSON (`ShelfAnnotation`).
  public static let shelves = "fabgitops.io/shelves"
  /// Who set `spec.suspend`, for the message.
  public static let suspendedBy = "fabgitops.io/suspended-by"
  /// Where the specification came from, told by whatever applied it: shown in `status.source`.
  public static let sourceRevision = "fabgitops.io/source-revision"
  public static let sourceAuthor = "fabgitops.io/source-author"
  /// RFC 3339.
  public static let sourceTime = "fabgitops.io/source-time"
}

/// The ConfigMap by which all writes of an operator are held: while it exists, in the operator's own namespace,
/// nothing is written to any PLC.
public enum HoldConfigMap {
  public static let name = "fabgitops-hold"
  /// Keys of `data`, all optional: who, why, and when (RFC 3339).
  public static let by = "by"
  public static let reason = "reason"
  public static let since = "since"
}
