/// The request is executed, but what comes back is wrong in one of several ways.
public struct Junk: Fault {
  /// In which way. Each is something that a real device or gateway has been seen to do.
  public enum Kind: String, Sendable, CaseIterable {
    /// 1 to 32 random bytes instead of a frame.
    case bytes
    /// The header's protocol id is not 0.
    case `protocol`
    /// The header's length is greater than what follows.
    case length
    /// The transaction id of another request.
    case transaction
    /// The unit id of another device.
    case unit
    /// The answer to another function.
    case function
    /// The frame ends in the middle.
    case short
  }

  public static let name = "junk"
  public static let usage = "junk=P[:bytes|protocol|length|transaction|unit|function|short]"

  let probability: Double
  /// `nil`: any of them, by the draw.
  let kind: Kind?

  public init(argument: String?) throws(FaultProblem) {
    let (head, rest) = FaultArgument.split(argument)
    probability = try FaultArgument.probability(head, of: Self.name)
    kind = rest.flatMap(Kind.init)
    if let rest, kind == nil {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw FaultProblem("\(Self.name): '\(rest)' is none of \(kinds)")
    }
  }

  public func disturb(_ exchange: inout Exchange, draws: inout Draws) {
    let happens = draws.happens(probability)
    let draw = draws.bits()
    guard happens else { return }
    let chosen = kind ?? Kind.allCases[Int(draw % UInt64(Kind.allCases.count))]
    exchange.meet(.junk(chosen, draw: draws.bits()), takesEffect: true, as: Self.name)
  }
}

extension Junk {
  /// What goes onto the wire instead of `answer`, a whole MBAP frame.
  static func spoiled(_ answer: [UInt8], _ kind: Kind, draw: UInt64) -> [UInt8] {
    let seed = Seed(draw)
    guard answer.count >= 8, kind != .bytes else {
      return (0..<UInt64(1 + draw % 32)).map { UInt8(truncatingIfNeeded: seed.bits($0 + 1)) }
    }
    var bytes = answer
    let offset = UInt8(truncatingIfNeeded: 1 + draw % 100)
    switch kind {
    case .bytes: break
    case .protocol: bytes[3] = bytes[3] &+ offset
    case .length: bytes[5] = bytes[5] &+ UInt8(truncatingIfNeeded: 1 + draw % 8)
    case .transaction: bytes[1] = bytes[1] &- UInt8(truncatingIfNeeded: 1 + draw % 4)
    case .unit: bytes[6] = bytes[6] &+ offset
    case .function: bytes[7] = bytes[7] == 0x2B ? 0x03 : bytes[7] ^ 0x01
    case .short: bytes.removeLast(1 + Int(draw % UInt64(bytes.count - 1)))
    }
    return bytes
  }
}
