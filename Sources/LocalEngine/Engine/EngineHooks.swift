import Fleet

/// What a host of the engine wants to be asked or told. Called on the engine's loop: must return at once.
public struct EngineHooks: Sendable {
  /// Asked when a frame is about to be sent: whether this process is certainly still the one that may write. `nil`:
  /// it always is. Another clock than the gate's may answer, one that goes on while the machine is suspended.
  public var mayWrite: (@Sendable () -> Bool)?
  /// Told every event, in order, none left out.
  public var onEvent: (@Sendable (FleetEvent) -> Void)?

  public init(
    mayWrite: (@Sendable () -> Bool)? = nil, onEvent: (@Sendable (FleetEvent) -> Void)? = nil
  ) {
    self.mayWrite = mayWrite
    self.onEvent = onEvent
  }
}
