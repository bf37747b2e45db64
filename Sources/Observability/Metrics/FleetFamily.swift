import Control
import Fleet

/// A family with a series for each device or for each register, and where its values come from.
struct FleetFamily: Sendable {
  enum Source: Sendable {
    /// One series a device; `nil`: none now.
    case device(@Sendable (DeviceSnapshot, WallTime) -> Double?)
    /// One series a register; `nil`: none now.
    case register(@Sendable (RegisterView, DeviceSnapshot) -> Double?)
  }

  let description: MetricDescription
  let source: Source

  private static func device(
    _ description: MetricDescription, _ value: @escaping @Sendable (DeviceSnapshot, WallTime) -> Double?
  ) -> FleetFamily { FleetFamily(description: description, source: .device(value)) }

  private static func register(
    _ description: MetricDescription, _ value: @escaping @Sendable (RegisterView, DeviceSnapshot) -> Double?
  ) -> FleetFamily { FleetFamily(description: description, source: .register(value)) }

  /// In the order of the exposition.
  static let all: [FleetFamily] = [
    device(MetricCatalog.driftEvents) { device, _ in Double(device.view.driftEvents) },
    device(MetricCatalog.corrections) { device, _ in Double(device.view.corrections) },
    device(MetricCatalog.connection) { device, _ in device.view.phase.isConnected ? 1 : 0 },
    device(MetricCatalog.readAge) { device, now in device.view.lastRead.map { max(0, (now - $0).seconds) } },
    device(MetricCatalog.stale) { device, _ in device.view.stale ? 1 : 0 },
    device(MetricCatalog.contested) { device, _ in
      device.view.registers.contains { $0.contested } ? 1 : 0
    },
    device(MetricCatalog.shelved) { device, _ in
      device.view.shelf != nil || device.view.registers.contains { $0.shelf != nil } ? 1 : 0
    },
    device(MetricCatalog.suspended) { device, _ in
      device.view.suspendedBy != nil || device.spec.suspend ? 1 : 0
    },
    // A value that nobody has read for a while is not the present one: a gap says so, a flat line would lie.
    register(MetricCatalog.value) { register, device in
      device.view.stale || register.exception != nil ? nil : register.actual?.number
    },
    register(MetricCatalog.desired) { register, _ in register.spec.desired?.number },
    register(MetricCatalog.inSync) { register, _ in register.inSync.map { $0 ? 1 : 0 } },
    register(MetricCatalog.budget) { register, _ in
      register.spec.desired == nil ? nil : Double(register.budgetLeft)
    },
  ]
}

extension Phase {
  var isConnected: Bool { self == .connected || self == .driftDetected || self == .correcting }
}
