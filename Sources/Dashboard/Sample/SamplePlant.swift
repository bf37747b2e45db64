import Control
import Fleet
import Terminal

/// A plant to look at: fixed times, fixed values, one device in each kind of trouble. Theme previews, still pictures
/// and the golden screens of the tests show it.
public enum SamplePlant {
  /// 2026-01-15 14:02:33 UTC.
  public static let now = WallTime(milliseconds: 1_768_485_753_000)

  public static func ago(_ seconds: Int) -> WallTime { now + .seconds(-seconds) }

  public static func register(
    _ name: String, _ address: UInt16, desired: Double?, scale: Double = 0.1, unit: String = "°C",
    tolerance: Double = 0.5
  ) -> RegisterSpec {
    RegisterSpec(
      name: name, address: address, type: .uint16, scale: scale, unit: unit,
      desired: desired.map { .real($0) },
      tolerance: tolerance, minimum: 0, maximum: 6000)
  }

  public static func view(
    _ spec: RegisterSpec, _ actual: Double?, read: WallTime? = ago(1),
    drift: (after: WallTime, seen: WallTime)? = nil,
    refusals: [Refusal] = [], outcome: WriteOutcome? = nil, drifts: UInt64 = 0, contested: Bool = false
  ) -> RegisterView {
    let desired = spec.desired?.number
    let inSync = actual.flatMap { a in desired.map { (a - $0).magnitude <= spec.tolerance } }
    return RegisterView(
      spec: spec, actual: actual.map { .real($0) }, rawWords: [], lastRead: actual == nil ? nil : read,
      inSync: inSync,
      driftAfter: drift?.after, driftSeen: drift?.seen, lastCorrection: outcome == nil ? nil : ago(95),
      driftEvents: drifts,
      corrections: drifts > 0 ? drifts - 1 : 0, refusals: refusals, lastOutcome: outcome,
      contested: contested, budgetLeft: 58)
  }

  public static func device(
    _ name: String, _ registers: [RegisterView], phase: Phase = .connected, status: DeviceStatus = .inSync,
    zone: String = "a",
    tags: [String] = ["line"], autoCorrect: Bool = true, lastRead: WallTime? = ago(1), error: String? = nil,
    failures: Int = 0,
    shelf: Shelf? = nil, suspendedBy: String? = nil, trend: [Float] = [], acknowledgedBy: String? = nil
  ) -> DeviceSnapshot {
    var spec = DeviceSpec(
      id: DeviceID(name: name), address: "192.168.10.\(20 + name.utf8.count)", pollInterval: .seconds(5),
      autoCorrect: autoCorrect,
      registers: registers.map(\.spec), tags: tags, labels: [.init(key: "zone", value: zone)])
    spec.unitID = 1
    let view = DeviceView(
      phase: phase, status: status, registers: registers,
      driftEvents: registers.reduce(0) { $0 + $1.driftEvents },
      corrections: registers.reduce(0) { $0 + $1.corrections }, lastRead: lastRead, lastTransition: ago(600),
      lastError: error,
      failures: failures, retryAt: failures > 0 ? now + .seconds(14) : nil,
      stale: status == .stale || status == .unreachable,
      suspendedBy: suspendedBy, shelf: shelf, message: status == .inSync ? "in sync" : "")
    let sources: [Fleet.SourceLocation?] = registers.enumerated().map {
      Fleet.SourceLocation(file: "lines/\(name).yaml", line: 14 + 5 * $0.offset)
    }
    return DeviceSnapshot(
      spec: spec, view: view, sources: sources, trend: trend, acknowledgedBy: acknowledgedBy)
  }

  public static func wave(_ middle: Double, _ height: Double, _ count: Int = 32, phase: Double = 0) -> [Float]
  {
    // A triangle wave: no trigonometry without Foundation, and the same on every machine.
    (0..<count).map { step in
      let position = (Double(step) / 11 + phase).truncatingRemainder(dividingBy: 1)
      return Float(middle + height * (position < 0.5 ? 4 * position - 1 : 3 - 4 * position))
    }
  }

  public static var devices: [DeviceSnapshot] {
    let shelf = Shelf(
      by: "ben", since: ago(3000), until: now + .seconds(5400), reason: "valve being replaced")
    let oven = register("zone1-setpoint", 4001, desired: 250)
    let drift = (after: ago(28), seen: ago(23))
    return [
      device(
        "boiler-feed", [view(register("level", 100, desired: 62, unit: "%", tolerance: 2), 61.4)],
        trend: wave(62, 1)),
      device(
        "conveyor-1",
        [view(register("speed", 40, desired: 1.2, scale: 0.01, unit: "m/s", tolerance: 0.05), 1.2)],
        zone: "b",
        trend: wave(1.2, 0.01)),
      device(
        "conveyor-2",
        [
          view(
            register("speed", 40, desired: 1.2, scale: 0.01, unit: "m/s", tolerance: 0.05), 1.35,
            read: ago(48))
        ],
        phase: .failed, status: .unreachable, zone: "b", lastRead: ago(48), error: "connection refused",
        failures: 4,
        trend: wave(1.2, 0.03) + [.nan, .nan, .nan, .nan]),
      device(
        "mixer", [view(register("torque", 12, desired: 340, unit: "Nm", tolerance: 10), 338.2)], zone: "b",
        shelf: nil,
        trend: wave(340, 4, phase: 0.3)),
      device(
        "oven-1",
        [
          view(
            oven, 240, drift: drift,
            refusals: [.autoCorrectOff, .outsideWindow(opens: now + .seconds(43_000))],
            outcome: .reverted(actual: .real(240), after: .milliseconds(800)), drifts: 3),
          view(register("zone2-setpoint", 4002, desired: 180), 180.2),
          view(register("zone3-setpoint", 4003, desired: 95.5), 95.5, drifts: 1),
          view(register("exhaust", 4010, desired: nil, unit: "Pa"), 12.3),
        ], phase: .driftDetected, status: .drifted, tags: ["oven", "critical"], autoCorrect: false,
        trend: wave(250, 0.2, 24) + [240, 240, 240, 240, 240]),
      device(
        "oven-2",
        [
          view(
            oven, 262.5, drift: (after: ago(190), seen: ago(185)),
            refusals: [.contested(reverts: 3, rivalDelay: .milliseconds(800), retryAt: now + .seconds(240))],
            drifts: 7, contested: true)
        ], phase: .driftDetected, status: .contested, tags: ["oven"], trend: wave(256, 6)),
      device(
        "packer", [view(register("cycle", 7, desired: 48, scale: 1, unit: "1/min", tolerance: 1), 48)],
        status: .suspended, zone: "c", suspendedBy: "ada", trend: wave(48, 0.3)),
      device(
        "press-line", [view(register("pressure", 30, desired: 6.2, unit: "bar", tolerance: 0.2), 6.3)],
        zone: "c",
        trend: wave(6.2, 0.1)),
      device(
        "pump-3", [view(register("flow", 31, desired: 120, unit: "l/h", tolerance: 4), 98, drifts: 1)],
        status: .shelved,
        zone: "c", shelf: shelf, trend: wave(110, 10)),
      device(
        "silo", [view(register("level", 100, desired: 80, unit: "%", tolerance: 5), 77, read: ago(19))],
        status: .stale,
        zone: "c", lastRead: ago(19), trend: wave(78, 2)),
      device(
        "torch", [view(register("gas", 5, desired: 14, unit: "l/min"), nil)], phase: .connecting,
        status: .pending,
        zone: "c", lastRead: nil),
      device(
        "washer", [view(register("temp", 9, desired: 60, tolerance: 1.5), 60.3)], zone: "c",
        trend: wave(60, 0.5)),
    ]
  }

  public static var events: [FleetEvent] {
    var sequence: UInt64 = 0
    func event(
      _ seconds: Int, _ severity: FleetEvent.Severity, _ device: String?, _ reason: String, _ message: String
    ) -> FleetEvent {
      sequence += 1
      return FleetEvent(
        sequence: sequence, at: ago(seconds), severity: severity, device: device.map { DeviceID(name: $0) },
        reason: reason,
        message: message)
    }
    return [
      event(
        7000, .notice, nil, "RevisionApplied", "Now holding the fleet to main@sha1:4f1c02a, by Ada Lovelace"),
      event(3000, .notice, "pump-3", "Shelved", "Shelved by ben: valve being replaced"),
      event(
        420, .warning, "oven-2", "DriftDetected",
        "Drift detected: zone1-setpoint is 262.5 °C, Git says 250 °C"),
      event(
        400, .notice, "oven-2", "DriftCorrected", "Corrected zone1-setpoint: 262.5 °C → 250 °C, read back"),
      event(
        185, .alarm, "oven-2", "Contested",
        "zone1-setpoint was put back 3 times, 0.8 s after each write: writing stopped"),
      event(95, .notice, "oven-1", "DriftCorrected", "Corrected zone1-setpoint: 240 °C → 250 °C, read back"),
      event(
        48, .warning, "conveyor-2", "ConnectionFailed",
        "Cannot connect (attempt 4): connection refused; next try in 16 s"),
      event(
        23, .warning, "oven-1", "DriftDetected", "Drift detected: zone1-setpoint is 240 °C, Git says 250 °C"),
    ]
  }

  public static var source: SourceStatus {
    SourceStatus(
      origin: "/srv/plant.git", revision: "main@sha1:4f1c02a9d3e84b7715fd0c2b6a9be1f0c7d2a311",
      author: "Ada Lovelace", time: ago(7000),
      subject: "Raise oven 1 to 250 °C", state: .good)
  }

  public static func snapshot(
    _ devices: [DeviceSnapshot] = SamplePlant.devices, sequence: UInt64 = 1, at: WallTime = now,
    mode: FleetMode = .control,
    source: SourceStatus = SamplePlant.source, gates: FleetGates = .init(), health: EngineHealth? = nil,
    events: [FleetEvent] = SamplePlant.events,
    operations: [Operation] = []
  ) -> FleetSnapshot {
    let running = EngineHealth(pollLag: .milliseconds(2), pollsPerSecond: 2.4, connections: devices.count - 1)
    return FleetSnapshot(
      sequence: sequence, at: at, mode: mode, source: source, gates: gates, health: health ?? running,
      devices: devices,
      events: events, operations: operations)
  }

  public static func provenance(_ device: DeviceID) -> [String: Provenance] {
    var answer: [String: Provenance] = [:]
    for (index, name) in ["zone1-setpoint", "zone2-setpoint", "zone3-setpoint", "level", "speed"].enumerated()
    {
      let ada = index % 2 == 0
      answer[name] = Provenance(
        commit: ada ? "4f1c02a9d3e84b7715fd0c2b6a9be1f0c7d2a311" : "b7e21d0c55aa",
        author: ada ? "Ada Lovelace" : "Ben Controls", time: ago(ada ? 7000 : 200_000),
        subject: ada ? "Raise oven 1 to 250 °C" : "Commission the second zone",
        location: Fleet.SourceLocation(file: "lines/\(device.name).yaml", line: 14 + index * 5))
    }
    return answer
  }

  public static func history(_ query: HistoryQuery, _ devices: [DeviceSnapshot] = SamplePlant.devices)
    -> [DeviceHistory]
  {
    query.devices.compactMap { id in
      devices.first { $0.id == id }.map { history(of: $0, query) }
    }
  }

  private static func history(of device: DeviceSnapshot, _ query: HistoryQuery) -> DeviceHistory {
    let register = device.view.registers.first { query.register == nil || $0.spec.name == query.register }
    var samples: [DeviceHistory.Sample] = []
    if query.maxPoints > 1, let desired = register?.spec.desired?.number, let last = register?.lastRead {
      let shape = wave(
        desired, max(register?.spec.tolerance ?? 1, 0.01) * 0.6, 900,
        phase: Double(device.id.name.utf8.count) / 7)
      for step in 0..<180 {
        let at = last + .seconds(-5 * (179 - step))
        // A gap of a minute, and the present value at the end.
        if (60..<72).contains(step) { continue }
        let value = step > 174 ? register?.actual?.number ?? desired : Double(shape[step])
        samples.append(.init(at: at, value: value))
      }
    }
    var states: [DeviceHistory.StateChange] = [.init(at: ago(840), status: .inSync)]
    var marks: [DeviceHistory.Mark] = []
    switch device.view.status {
    case .drifted:
      states += [
        .init(at: ago(130), status: .drifted), .init(at: ago(95), status: .inSync),
        .init(at: ago(23), status: .drifted),
      ]
      marks.append(.init(at: ago(95), kind: .correction, text: "zone1-setpoint 240 → 250"))
    case .contested:
      states += [
        .init(at: ago(420), status: .drifted), .init(at: ago(400), status: .inSync),
        .init(at: ago(300), status: .drifted),
        .init(at: ago(185), status: .contested),
      ]
      marks.append(.init(at: ago(400), kind: .correction, text: "zone1-setpoint 262.5 → 250"))
    case .unreachable:
      states += [.init(at: ago(60), status: .stale), .init(at: ago(48), status: .unreachable)]
    case .shelved: states = [.init(at: ago(3000), status: .shelved)]
    case .pending: states = []
    case .stale: states.append(.init(at: ago(4), status: .stale))
    case .inSync, .suspended, .invalid: break
    }
    return DeviceHistory(
      device: device.id, register: register?.spec.name ?? "", samples: samples, states: states, marks: marks)
  }

  public static func plan(_ scope: SyncScope, _ devices: [DeviceSnapshot] = SamplePlant.devices) -> SyncPlan {
    let wanted = Set(scope.devices)
    var steps: [SyncPlan.Step] = []
    for device in devices where wanted.contains(device.id) {
      for register in device.view.registers where register.inSync == false {
        guard let desired = register.spec.desired else { continue }
        let refusals = register.refusals.filter { refusal in
          switch refusal {
          case .autoCorrectOff: false
          case .outsideWindow: !scope.force
          default: true
          }
        }
        steps.append(
          .init(
            device: device.id, register: register.spec, before: register.actual, after: desired,
            refusals: refusals))
      }
    }
    return SyncPlan(steps: steps)
  }

  public static func settings(
    glyphs: GlyphSet = .unicode, missing: [Capabilities.Ability: String] = [:], mode: FleetMode = .control
  ) -> Settings {
    Settings(
      capabilities: Capabilities(mode: mode, missing: missing), operatorName: "ada",
      themes: [.plain, Theme(name: "midnight", summary: "Dark blue", looks: [:])], glyphs: glyphs,
      utcOffset: { _ in 3600 })
  }
}
