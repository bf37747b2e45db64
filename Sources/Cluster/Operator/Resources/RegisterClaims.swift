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
    let ordered = claims.sorted { ($0.created, $0.device.id) < ($1.created, $1.device.id) }
    // The validator blames the later file: each resource is one, named so that the newer one is the later.
    var owners: [String: DeviceID] = [:]
    let files = ordered.enumerated().map { rank, claim -> ParsedManifestFile in
      let digits = String(rank)
      let name = String(repeating: "0", count: max(0, 9 - digits.count)) + digits
      owners[name] = claim.device.id
      var device = claim.device
      device.location.file = name
      for index in device.sources.indices { device.sources[index].location.file = name }
      return ParsedManifestFile(name: name, devices: [device])
    }
    var found: [DeviceID: [String]] = [:]
    for diagnostic in ManifestReader.join(files).diagnostics where diagnostic.severity == .error {
      guard let newer = owners[diagnostic.location.file],
        let older = diagnostic.related.flatMap({ owners[$0.file] })
      else { continue }
      found[newer, default: []].append(
        "\(diagnostic.path): \(older) also sets this register of the device")
    }
    return found
  }
}
