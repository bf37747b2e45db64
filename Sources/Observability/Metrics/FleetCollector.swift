import Control
import Fleet

/// Writes the metrics that a snapshot of the fleet tells. Made per scrape; nothing is kept, so a device that is
/// no longer in the snapshot takes its series with it.
struct FleetCollector {
  private let snapshot: FleetSnapshot
  private let now: WallTime
  /// Rendered labels of all devices one after the other, and where those of each end.
  private var labels: [UInt8] = []
  private var ends: [Int] = []
  /// The same for each register (`register="…"` and those of its device).
  private var registerLabels: [UInt8] = []
  private var registerEnds: [Int] = []

  init(_ snapshot: FleetSnapshot, now: WallTime) {
    self.snapshot = snapshot
    self.now = now
    labels.reserveCapacity(snapshot.devices.count * 48)
    registerLabels.reserveCapacity(snapshot.devices.count * 80)
    for device in snapshot.devices {
      var own: [UInt8] = []
      Labels.append("plc_name", device.spec.id.name, to: &own)
      Labels.append("namespace", device.spec.id.namespace, to: &own)
      labels.append(contentsOf: own)
      ends.append(labels.count)
      for register in device.view.registers {
        registerLabels.append(contentsOf: own)
        registerLabels.append(UInt8(ascii: ","))
        var name: [UInt8] = []
        Labels.append("register", register.spec.name, to: &name)
        registerLabels.append(contentsOf: name)
        registerEnds.append(registerLabels.count)
      }
    }
  }

  func write(to exposition: inout Exposition) {
    typealias Catalog = MetricCatalog
    devices(Catalog.driftEvents, &exposition) { Double($0.view.driftEvents) }
    devices(Catalog.corrections, &exposition) { Double($0.view.corrections) }
    devices(Catalog.connection, &exposition) { $0.view.phase.isConnected ? 1 : 0 }
    devices(Catalog.readAge, &exposition) { device in
      device.view.lastRead.map { max(0, (now - $0).seconds) }
    }
    devices(Catalog.stale, &exposition) { $0.view.stale ? 1 : 0 }
    devices(Catalog.contested, &exposition) { $0.view.registers.contains { $0.contested } ? 1 : 0 }
    devices(Catalog.shelved, &exposition) { device in
      device.view.shelf != nil || device.view.registers.contains { $0.shelf != nil } ? 1 : 0
    }
    devices(Catalog.suspended, &exposition) { $0.view.suspendedBy != nil || $0.spec.suspend ? 1 : 0 }
    registers(Catalog.value, &exposition) { $0.actual?.number }
    registers(Catalog.desired, &exposition) { $0.spec.desired?.number }
    registers(Catalog.inSync, &exposition) { $0.inSync.map { $0 ? 1 : 0 } }
    registers(Catalog.budget, &exposition) { $0.spec.desired == nil ? nil : Double($0.budgetLeft) }
    fleet(&exposition)
  }

  private func fleet(_ exposition: inout Exposition) {
    typealias Catalog = MetricCatalog
    exposition.begin(Catalog.managed)
    exposition.sample([], Double(snapshot.devices.count))
    exposition.begin(Catalog.status)
    for status in DeviceStatus.allCases {
      exposition.sample(Labels([("status", status.rawValue)]).rendered, Double(snapshot.totals[status]))
    }
    func flag(_ family: MetricDescription, _ value: Bool) {
      exposition.begin(family)
      exposition.sample([], value ? 1 : 0)
    }
    let gates = snapshot.gates
    flag(Catalog.held, gates.hold != nil)
    flag(Catalog.leader, gates.mode == .control && gates.leadershipUntil != nil)
    flag(Catalog.journal, gates.journalProblem == nil)
    flag(Catalog.source, snapshot.source.state == .good)
    exposition.begin(Catalog.sourceInfo)
    let revision = [("revision", snapshot.source.revision), ("origin", snapshot.source.origin)]
    exposition.sample(Labels(revision).rendered, 1)
    exposition.begin(Catalog.pollLag)
    exposition.sample([], snapshot.health.pollLag.seconds)
    exposition.begin(Catalog.pollRate)
    exposition.sample([], snapshot.health.pollsPerSecond)
    exposition.begin(Catalog.connections)
    exposition.sample([], Double(snapshot.health.connections))
  }

  private func devices(
    _ family: MetricDescription, _ exposition: inout Exposition, _ value: (DeviceSnapshot) -> Double?
  ) {
    exposition.begin(family)
    labels.withUnsafeBufferPointer { labels in
      var start = 0
      for (index, device) in snapshot.devices.enumerated() {
        let end = ends[index]
        if let value = value(device) {
          exposition.sample(UnsafeBufferPointer(rebasing: labels[start..<end]), value)
        }
        start = end
      }
    }
  }

  private func registers(
    _ family: MetricDescription, _ exposition: inout Exposition, _ value: (RegisterView) -> Double?
  ) {
    exposition.begin(family)
    registerLabels.withUnsafeBufferPointer { labels in
      var start = 0
      var index = 0
      for device in snapshot.devices {
        for register in device.view.registers {
          let end = registerEnds[index]
          if let value = value(register) {
            exposition.sample(UnsafeBufferPointer(rebasing: labels[start..<end]), value)
          }
          start = end
          index += 1
        }
      }
    }
  }
}

extension Phase {
  var isConnected: Bool { self == .connected || self == .driftDetected || self == .correcting }
}
