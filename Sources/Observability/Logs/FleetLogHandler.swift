import Logging

/// Hands lines to a `LogOutput`. Its level is that of the output, unless set on the logger itself.
public struct FleetLogHandler: LogHandler {
  private let label: String
  private let output: LogOutput
  private var own: Logger.Level?
  public var metadata: Logger.Metadata = [:]
  public var metadataProvider: Logger.MetadataProvider?

  init(_ label: String, _ output: LogOutput) {
    self.label = label
    self.output = output
  }

  public var logLevel: Logger.Level {
    get { own ?? output.level }
    set { own = newValue }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var merged = metadata
    if let provided = metadataProvider?.get() { merged.merge(provided) { _, newer in newer } }
    if let explicit = event.metadata { merged.merge(explicit) { _, newer in newer } }
    if let error = event.error { merged["error"] = "\(error)" }
    output.take(event.level, label, event.message.description, merged)
  }
}
