import Control

extension ManifestValue {
  /// A register's value as manifests and status have it.
  public init(_ value: RegisterValue) {
    switch value {
    case .integer(let number): self = .integer(number)
    case .unsigned(let number): self = .unsigned(number)
    case .real(let number): self = number.isFinite ? .real(number) : .null
    case .bool(let state): self = .bool(state)
    case .text(let text): self = .string(text)
    }
  }

  init(_ count: UInt64) { self = Int64(exactly: count).map(ManifestValue.integer) ?? .unsigned(count) }

  init(_ time: WallTime) { self = .string(time.rfc3339) }
}

/// An object being put together; absent and default values are left out.
struct ObjectBuilder {
  private(set) var members: [ManifestValue.Member] = []
  var value: ManifestValue { .object(members) }

  mutating func add(_ name: String, _ value: ManifestValue?) {
    if let value { members.append(.init(name, value)) }
  }

  mutating func add(_ name: String, _ value: Int, unless fallback: Int) {
    if value != fallback { add(name, .integer(Int64(value))) }
  }

  mutating func add(_ name: String, _ value: Double, unless fallback: Double) {
    if value != fallback { add(name, .real(value)) }
  }

  mutating func add(_ name: String, _ object: ObjectBuilder) {
    if !object.members.isEmpty { add(name, object.value) }
  }
}
