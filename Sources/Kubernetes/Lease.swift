/// `coordination.k8s.io/v1` Lease.
public struct Lease: KubernetesObject, Hashable {
  public struct Spec: Hashable, Sendable, Codable {
    public var holderIdentity: String?
    public var leaseDurationSeconds: Int?
    public var acquireTime: MicroTimestamp?
    public var renewTime: MicroTimestamp?
    public var leaseTransitions: Int?

    public init(
      holderIdentity: String? = nil, leaseDurationSeconds: Int? = nil, acquireTime: Timestamp? = nil,
      renewTime: Timestamp? = nil, leaseTransitions: Int? = nil
    ) {
      self.holderIdentity = holderIdentity
      self.leaseDurationSeconds = leaseDurationSeconds
      self.acquireTime = acquireTime.map { MicroTimestamp($0) }
      self.renewTime = renewTime.map { MicroTimestamp($0) }
      self.leaseTransitions = leaseTransitions
    }
  }

  public var metadata: ObjectMeta
  public var spec: Spec?

  public init(metadata: ObjectMeta, spec: Spec) {
    self.metadata = metadata
    self.spec = spec
  }
}
