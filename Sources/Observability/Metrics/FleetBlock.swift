import Control
import Fleet

/// A few of the fleet's devices for one scrape: the labels of their series, rendered once for all families.
final class FleetBlock {
  /// Devices in one block.
  static let size = 256

  private let devices: ArraySlice<DeviceSnapshot>
  /// Which devices and registers these are, by name.
  private let identity: Int
  private var deviceLabels: RenderedLabels?
  private var registerLabels: RenderedLabels?

  init(_ devices: ArraySlice<DeviceSnapshot>) {
    self.devices = devices
    var hasher = Hasher()
    for device in devices {
      hasher.combine(device.spec.id)
      for register in device.view.registers { hasher.combine(register.spec.name) }
      hasher.combine(device.view.registers.count)
    }
    identity = hasher.finalize()
  }

  static func blocks(of snapshot: FleetSnapshot) -> [FleetBlock] {
    stride(from: 0, to: snapshot.devices.count, by: size).map { start in
      FleetBlock(snapshot.devices[start..<min(start + size, snapshot.devices.count)])
    }
  }

  /// The family's values, in the order of the labels.
  func values(_ source: FleetFamily.Source, now: WallTime) -> [Double?] {
    switch source {
    case .device(let value): devices.map { value($0, now) }
    case .register(let value):
      devices.flatMap { device in device.view.registers.lazy.map { value($0, device) } }
    }
  }

  /// Equal for blocks that are written alike, and hardly ever for others: 64 bits of a keyed hash.
  func signature(_ values: [Double?]) -> Int {
    var hasher = Hasher()
    hasher.combine(identity)
    for value in values { hasher.combine(value.map(\.bitPattern)) }
    return hasher.finalize()
  }

  func write(_ values: [Double?], _ source: FleetFamily.Source, to exposition: inout Exposition) {
    let labels = labels(source)
    labels.bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      for (end, value) in zip(labels.ends, values) {
        if let value { exposition.sample(UnsafeBufferPointer(rebasing: bytes[start..<end]), value) }
        start = end
      }
    }
  }

  private func labels(_ source: FleetFamily.Source) -> RenderedLabels {
    switch source {
    case .device:
      if let deviceLabels { return deviceLabels }
      let made = RenderedLabels(devices, registers: false)
      deviceLabels = made
      return made
    case .register:
      if let registerLabels { return registerLabels }
      let made = RenderedLabels(devices, registers: true)
      registerLabels = made
      return made
    }
  }
}

/// Labels of many series one after the other, and where those of each end.
private struct RenderedLabels {
  var bytes: [UInt8] = []
  var ends: [Int] = []

  init(_ devices: ArraySlice<DeviceSnapshot>, registers: Bool) {
    bytes.reserveCapacity(devices.count * 64)
    ends.reserveCapacity(devices.count)
    var own: [UInt8] = []
    for device in devices {
      own.removeAll(keepingCapacity: true)
      Labels.append("plc_name", device.spec.id.name, to: &own)
      Labels.append("namespace", device.spec.id.namespace, to: &own)
      guard registers else {
        bytes.append(contentsOf: own)
        ends.append(bytes.count)
        continue
      }
      let common = own.count
      for register in device.view.registers {
        own.removeLast(own.count - common)
        Labels.append("register", register.spec.name, to: &own)
        bytes.append(contentsOf: own)
        ends.append(bytes.count)
      }
    }
  }
}
