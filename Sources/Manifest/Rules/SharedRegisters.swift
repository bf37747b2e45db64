import Control

/// Two manifests may read the same device, but not both decide what one of its registers should be: they
/// would undo each other's corrections for ever.
enum SharedRegisters {
  private struct Unit: Hashable {
    var address: String
    var port: Int
    var unitID: UInt8
  }

  private struct Claim {
    var device: ManifestDevice
    var register: Int
    var spec: RegisterSpec { device.spec.registers[register] }
    var range: ClosedRange<Int> {
      let first = Int(spec.address)
      return first...(first + (spec.table.isBits ? 1 : max(1, spec.wordCount)) - 1)
    }
  }

  static func diagnostics(_ devices: [ManifestDevice]) -> [Diagnostic] {
    let groups = Dictionary(grouping: devices) { device in
      Unit(
        address: DeviceAddress.withoutPort(device.spec.address.lowercased()), port: device.spec.port,
        unitID: device.spec.unitID)
    }
    return groups.values.filter { $0.count > 1 }.flatMap(conflicts)
  }

  private static func conflicts(_ devices: [ManifestDevice]) -> [Diagnostic] {
    var found: [Diagnostic] = []
    for table in RegisterTable.allCases where table.isWritable {
      var claims: [Claim] = []
      for device in devices {
        for index in device.spec.registers.indices
        where device.spec.registers[index].table == table && device.spec.registers[index].desired != nil {
          claims.append(Claim(device: device, register: index))
        }
      }
      claims.sort { ($0.range.lowerBound, $0.device.id) < ($1.range.lowerBound, $1.device.id) }
      for (index, claim) in claims.enumerated() {
        for other in claims[(index + 1)...].prefix(while: { $0.range.lowerBound <= claim.range.upperBound })
        where other.device.id != claim.device.id && !areDifferentBits(claim.spec, other.spec) {
          found.append(diagnostic(claim, other))
        }
      }
    }
    return found
  }

  private static func areDifferentBits(_ a: RegisterSpec, _ b: RegisterSpec) -> Bool {
    guard a.type == .bool, b.type == .bool, let first = a.bit, let second = b.bit else { return false }
    return first != second
  }

  private static func diagnostic(_ a: Claim, _ b: Claim) -> Diagnostic {
    let (early, late) =
      a.device.sources[a.register].location < b.device.sources[b.register].location ? (a, b) : (b, a)
    let place = early.device.sources[early.register].location
    let spec = late.device.spec
    return Diagnostic(
      location: late.device.sources[late.register].location, path: late.device.sources[late.register].path,
      message:
        "\(early.device.id) also sets this register of \(spec.address):\(spec.port) unit \(spec.unitID), at "
        + "\(PrintableText.escaped(place.file)):\(place.line)", related: place)
  }
}
