extension MockFleet {
  /// What a fleet would do by itself for so long, without ports, clients or waiting: its log, in order.
  public static func rehearse(
    _ configuration: FleetConfiguration, for span: Elapsed, log: @escaping (LogEntry) -> Void
  ) {
    let core = FleetCore(configuration)
    core.observer = log
    core.advance(to: span)
  }
}
