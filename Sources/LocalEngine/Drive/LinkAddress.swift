import Control

/// What makes two specifications share a connection.
struct LinkAddress: Hashable {
  var address: String
  var port: Int
  var unit: UInt8
  var mode: ConnectionMode
  var timeout: TimeSpan
  var pauseAfterConnect: TimeSpan
  var pauseBetweenRequests: TimeSpan

  init(_ spec: DeviceSpec) {
    address = spec.address
    port = spec.port
    unit = spec.unitID
    mode = spec.connection
    timeout = spec.timeout
    pauseAfterConnect = spec.pauseAfterConnect
    pauseBetweenRequests = spec.pauseBetweenRequests
  }
}
