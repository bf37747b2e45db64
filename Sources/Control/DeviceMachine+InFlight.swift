extension DeviceMachine {
  /// A write is on its way or being read back: a graceful stop waits for it.
  public var isWriting: Bool {
    switch activity {
    case .writing, .verifying: true
    case .idle, .reading, .identifying: false
    }
  }
}
