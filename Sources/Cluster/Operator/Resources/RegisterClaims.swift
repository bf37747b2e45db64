import Control
import Manifest

/// Finds resources that both decide what one register should be.
enum RegisterClaims {
  struct Claim {
    var device: ManifestDevice
    /// Seconds since the epoch.
    var created: Int64
  }

  /// The newer resource of each pair, with one line for each register.
  static func conflicts(_ claims: [Claim]) -> [DeviceID: [String]] {
    let created = Dictionary(
      claims.map { ($0.device.id, $0.created) }, uniquingKeysWith: { first, _ in first })
    // The validator tells a conflict by file: each resource is one.
    let files = claims.map { claim -> ParsedManifestFile in
      var device = claim.device
      device.location.file = claim.device.id.description
      for index in device.sources.indices { device.sources[index].location.file = device.location.file }
      return ParsedManifestFile(name: device.location.file, devices: [device])
    }
    let byName = Dictionary(
      claims.map { ($0.device.id.description, $0.device.id) }, uniquingKeysWith: { first, _ in first })
    var found: [DeviceID: [String]] = [:]
    for diagnostic in ManifestReader.join(files).diagnostics where diagnostic.severity == .error {
      guard let one = byName[diagnostic.location.file],
        let other = diagnostic.related.flatMap({ byName[$0.file] })
      else { continue }
      let newer = (created[one] ?? 0, one) > (created[other] ?? 0, other) ? one : other
      let rival = newer == one ? other : one
      let place = newer == one ? diagnostic.path + ": " : ""
      found[newer, default: []].append("\(place)\(rival) also sets this register of the device")
    }
    return found
  }
}
