import ArgumentParser
import Control

/// A length of time as people write it: `90s`, `15m`, `2h`, `1h30m`, `3d`, `1w`; a number alone is seconds.
struct SpanArgument {
  let span: TimeSpan

  /// For an option's `transform`.
  @Sendable static func parse(_ text: String) throws -> SpanArgument {
    guard let value = SpanArgument(argument: text) else {
      throw ValidationError("a time is written 90s, 15m, 2h, 1h30m, 3d or 1w")
    }
    return value
  }

  init?(argument: String) {
    var seconds: Int64 = 0
    var number: Int64?
    var sawUnit = false
    for character in argument {
      if let digit = character.wholeNumberValue, character.isASCII {
        let (value, overflow) = (number ?? 0).multipliedReportingOverflow(by: 10)
        guard !overflow, value < 10_000_000_000 else { return nil }
        number = value + Int64(digit)
        continue
      }
      let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
      guard let count = number, let unit = units[character], count <= 1_000_000_000 / unit else { return nil }
      seconds += count * unit
      number = nil
      sawUnit = true
    }
    if let number {
      guard !sawUnit else { return nil }
      seconds = number
    }
    guard seconds > 0, seconds <= 1_000_000_000 else { return nil }
    span = .seconds(Int(seconds))
  }
}

/// Which part of the past is meant; shared by `history` and `audit`.
struct PastOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only the last so long: `90s`, `15m`, `2h`, `3d`.", valueName: "time"),
    transform: SpanArgument.parse)
  var since: SpanArgument?

  @Option(
    help: ArgumentHelp("Only from this time on (RFC 3339, as 2026-01-02T03:04:05Z).", valueName: "time"),
    transform: TimeArgument.parse)
  var from: TimeArgument?

  @Option(
    help: ArgumentHelp("Only before this time (RFC 3339).", valueName: "time"),
    transform: TimeArgument.parse)
  var to: TimeArgument?

  func validate() throws {
    if since != nil, from != nil { throw ValidationError("--since and --from exclude each other") }
  }

  func beginning(now: WallTime) -> WallTime? {
    from?.time ?? since.map { WallTime(milliseconds: now.milliseconds &- $0.span.milliseconds) }
  }
}
