import Control

/// At how many moments of their interval the devices of a fleet are polled.
///
/// Few, because each moment is one wake of the loop, which costs as much as a poll; and many, because what is asked at one
/// moment waits for what was asked before it: the answers of a fleet for the loop, those behind a gateway for its serial line.
struct PollSlots {
  private static let devicesPerSlot = 32
  private static let unitsPerSlot = 2

  private struct Address: Hashable {
    var host: String
    var port: Int

    init(_ spec: DeviceSpec) { (host, port) = (spec.address, spec.port) }
  }

  private let fleet: Int
  private var units: [Address: Int] = [:]

  init(_ specs: [DeviceSpec]) {
    fleet = specs.count / Self.devicesPerSlot
    units.reserveCapacity(specs.count)
    for spec in specs { units[Address(spec), default: 0] += 1 }
  }

  func of(_ spec: DeviceSpec) -> Int {
    let behind = units[Address(spec)] ?? 1
    return max(1, fleet, behind > 1 ? behind / Self.unitsPerSlot : 1)
  }
}
