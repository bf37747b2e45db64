/// The two ways of writing metrics down.
public enum ExpositionFormat: Hashable, Sendable {
  /// Prometheus text format 0.0.4.
  case text
  /// OpenMetrics 1.0.
  case openMetrics

  public var contentType: String {
    switch self {
    case .text: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }

  /// What a scraper prefers, by the weights in its `Accept` header; the text format for anything else.
  public init(accept: String?) {
    self = .text
    guard let accept else { return }
    var best = 0.0
    for entry in accept.split(separator: ",").prefix(32) {
      let parts = entry.split(separator: ";").map { $0.trimming() }
      var weight = 1.0
      var version = "1.0.0"
      for parameter in parts.dropFirst() {
        if parameter.hasPrefix("q=") { weight = Double(parameter.dropFirst(2)) ?? 0 }
        if parameter.hasPrefix("version=") { version = String(parameter.dropFirst(8)) }
      }
      let isOpen = parts.first == "application/openmetrics-text" && (version == "1.0.0" || version == "0.0.1")
      let isText = parts.first == "text/plain" || parts.first == "*/*" || parts.first == "text/*"
      guard isOpen || isText, weight > best else { continue }
      best = weight
      self = isOpen ? .openMetrics : .text
    }
  }
}

extension Substring {
  func trimming() -> Substring {
    var rest = self
    while rest.first == " " || rest.first == "\t" { rest.removeFirst() }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return rest
  }
}

/// Writes families one after the other into a buffer of bytes.
public struct Exposition {
  public let format: ExpositionFormat
  public private(set) var bytes: [UInt8] = []
  /// Name of the family that is being written, and an opening brace.
  private var opening: [UInt8] = []

  public init(_ format: ExpositionFormat, capacity: Int = 1 << 16) {
    self.format = format
    bytes.reserveCapacity(capacity)
  }

  /// Begins a family; every sample until the next one belongs to it.
  ///
  /// - Parameter heading: off where the family was begun in an earlier part of the document.
  public mutating func begin(_ family: MetricDescription, heading: Bool = true) {
    opening = Array(family.name.utf8) + [UInt8(ascii: "{")]
    guard heading else { return }
    var title = family.name[...]
    // OpenMetrics names the family of a counter without the suffix of its samples.
    if format == .openMetrics, family.kind == .counter, title.hasSuffix("_total") {
      title = title.dropLast(6)
    }
    append("# HELP ")
    append(title)
    append(" ")
    Escape.help(family.help, quotes: format == .openMetrics, into: &bytes)
    append("\n# TYPE ")
    append(title)
    append(" ")
    append(family.kind.rawValue)
    append("\n")
  }

  /// `labels` are rendered already, without braces (`Labels`).
  public mutating func sample(_ labels: [UInt8], _ value: Double) {
    labels.withUnsafeBufferPointer { sample($0, value) }
  }

  /// The same from a part of a buffer that holds many: a fleet has a hundred thousand of these lines.
  mutating func sample(_ labels: UnsafeBufferPointer<UInt8>, _ value: Double) {
    bytes.append(contentsOf: opening)
    if labels.isEmpty {
      bytes.removeLast()
    } else {
      bytes.append(contentsOf: labels)
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(UInt8(ascii: " "))
    Number.append(value, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
  }

  mutating func histogram(_ labels: [UInt8], _ state: HistogramState, bounds: [[UInt8]]) {
    let comma: [UInt8] = labels.isEmpty ? [] : [UInt8(ascii: ",")]
    var cumulative: UInt64 = 0
    for (index, count) in state.counts.enumerated() {
      cumulative &+= count
      line("_bucket", labels + comma + bounds[min(index, bounds.count - 1)], Double(cumulative))
    }
    line("_sum", labels, state.sum)
    line("_count", labels, Double(cumulative))
  }

  private mutating func line(_ suffix: String, _ labels: [UInt8], _ value: Double) {
    let base = opening
    opening = base.dropLast() + Array(suffix.utf8) + [UInt8(ascii: "{")]
    sample(labels, value)
    opening = base
  }

  /// Ends the document.
  public consuming func finish() -> [UInt8] {
    if format == .openMetrics { append("# EOF\n") }
    return bytes
  }

  private mutating func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }
}

/// Escapes of the exposition formats.
enum Escape {
  static func help(_ text: String, quotes: Bool, into bytes: inout [UInt8]) {
    for byte in text.utf8 { append(byte, quotes: quotes, to: &bytes) }
  }

  static func label(_ text: some StringProtocol, into bytes: inout [UInt8]) {
    for byte in text.utf8 { append(byte, quotes: true, to: &bytes) }
  }

  @inline(__always)
  private static func append(_ byte: UInt8, quotes: Bool, to bytes: inout [UInt8]) {
    switch byte {
    case UInt8(ascii: "\\"): bytes.append(contentsOf: [byte, byte])
    case UInt8(ascii: "\n"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
    case UInt8(ascii: "\"") where quotes: bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
    default: bytes.append(byte)
    }
  }
}

/// Numbers as Prometheus reads them.
enum Number {
  static func append(_ value: Double, to bytes: inout [UInt8]) {
    if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 {
      return append(whole, to: &bytes)
    }
    if value.isNaN { return bytes.append(contentsOf: "NaN".utf8) }
    if value.isInfinite { return bytes.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8) }
    bytes.append(contentsOf: value.description.utf8)
  }

  static func append(_ value: Int64, to bytes: inout [UInt8]) {
    var rest = value.magnitude
    if rest < 10 {
      if value < 0 { bytes.append(UInt8(ascii: "-")) }
      return bytes.append(UInt8(ascii: "0") + UInt8(rest))
    }
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    let start = bytes.count
    while rest > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    }
    bytes[start...].reverse()
  }
}
