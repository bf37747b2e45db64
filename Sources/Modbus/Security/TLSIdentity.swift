/// Who this side is to a device behind Modbus/TCP Security, and who the device must be.
public struct TLSIdentity: Sendable, Hashable {
  /// Which of the credentials in the directory of a `ClientCredentials` to present.
  public var credentials: String
  /// The name that the device's certificate must carry. nil: the host that is connected to; for an IP address that
  /// address must be in the certificate.
  public var serverName: String?

  public init(credentials: String = "default", serverName: String? = nil) {
    self.credentials = credentials
    self.serverName = serverName
  }
}
