import Control

extension DeviceRule {
  /// TLS belongs to the transport that has it.
  static let transport = DeviceRule { device in
    guard device.spec.has("tls"), let address = device.spec.text("deviceAddress"),
      DeviceAddress.parts(address).scheme != DeviceAddress.secureScheme
    else { return [] }
    return [Finding(device.spec, "tls", "belongs to a deviceAddress that begins with mbaps://")]
  }
}
