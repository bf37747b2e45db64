/// A specification in force, with what follows from it; shared by copies of a machine.
final class Configuration: Sendable {
  let spec: DeviceSpec
  let layout: RegisterLayout
  let grid: PollGrid
  /// No successful read for so long: stale.
  let staleAfter: TimeSpan
  /// An observation older than this is read again before another write is decided on.
  let freshFor: TimeSpan
  /// An operator's sync that makes no progress for so long has failed.
  let syncPatience: TimeSpan
  /// A driver that answers nothing for so long has lost the question; a gateway's queue may be long.
  let driverPatience: TimeSpan

  init(_ spec: DeviceSpec, pollSlots: Int?) {
    self.spec = spec
    layout = RegisterLayout(spec.registers)
    grid = PollGrid(interval: spec.pollInterval, id: spec.id, slots: pollSlots)
    staleAfter = spec.pollInterval * 3
    freshFor = max(spec.timeout * 2, .seconds(2))
    syncPatience = spec.timeout * 4 + .seconds(10)
    driverPatience = spec.timeout * 20 + .seconds(60)
  }

  /// Another connection is needed.
  func connectsLike(_ other: DeviceSpec) -> Bool {
    spec.address == other.address && spec.port == other.port && spec.unitID == other.unitID
      && spec.connection == other.connection && spec.timeout == other.timeout
      && spec.pauseAfterConnect == other.pauseAfterConnect
      && spec.pauseBetweenRequests == other.pauseBetweenRequests
  }

  /// Index of a register by name.
  func index(of name: String) -> Int? { spec.registers.firstIndex { $0.name == name } }
}

extension RegisterSpec {
  /// The same words on the wire with the same meaning; only what is wanted of them may differ.
  func readsLike(_ other: RegisterSpec) -> Bool {
    address == other.address && table == other.table && type == other.type && order == other.order
      && bit == other.bit && wordCount == other.wordCount && scale == other.scale && offset == other.offset
  }
}
