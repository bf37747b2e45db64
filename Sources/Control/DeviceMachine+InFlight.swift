extension DeviceMachine {
  /// A write is on its way or being read back: a graceful stop waits for it.
  public var isWriting: Bool {
    switch activity {
    case .writing, .verifying: true
    case .idle, .reading, .identifying: false
    }
  }

  /// Nothing is under way: no read, no identification, no write and no read-back.
  public var isIdle: Bool { activity.isIdle }
}
