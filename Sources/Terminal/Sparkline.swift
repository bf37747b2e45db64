/// A small graph of values over time, drawn into a rectangle of a frame.
///
/// A `nil` sample is a gap: nothing was read, and nothing is drawn. Newest samples are on the right.
/// More samples than fit are dropped from the left.
public struct Sparkline: Hashable, Sendable {
  /// How the graph is drawn.
  public enum Mark: Hashable, Sendable {
    /// Eighth blocks, one sample per column.
    case block
    /// Braille dots, two samples per column, four levels per row.
    case braille
    /// Punctuation, one sample per column.
    case ascii
  }

  /// What is drawn: finite values, or `nil` where nothing was read. Not-a-number counts as `nil`.
  public var samples: [Double?]
  /// A line at the desired value.
  public var target: Double?
  /// Half the height of the band around the target.
  public var tolerance: Double
  /// The value range from bottom to top; `nil` takes what the samples, target and band span.
  public var range: ClosedRange<Double>?

  public init(
    _ samples: [Double?], target: Double? = nil, tolerance: Double = 0, range: ClosedRange<Double>? = nil
  ) {
    self.samples = samples
    self.target = target
    self.tolerance = tolerance
    self.range = range
  }
}

extension GlyphSet {
  /// The finest marks this glyph set can draw a graph with.
  public var sparkMark: Sparkline.Mark {
    switch self {
    case .unicode: .braille
    case .console: .block
    case .ascii: .ascii
    }
  }
}
