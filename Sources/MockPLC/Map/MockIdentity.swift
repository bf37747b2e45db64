import Modbus

/// What a PLC says about itself (function 43, MEI type 14).
public struct MockIdentity: Sendable, Hashable {
  /// Ascending by id.
  public private(set) var objects: [IdentificationObject]

  /// The names that `--identity` and a map's `identity` know.
  static let keys: [(name: String, id: UInt8)] = [
    ("vendor", IdentificationObject.vendorName), ("product", IdentificationObject.productCode),
    ("revision", IdentificationObject.majorMinorRevision), ("url", IdentificationObject.vendorURL),
    ("productName", IdentificationObject.productName), ("model", IdentificationObject.modelName),
    ("application", IdentificationObject.userApplicationName),
  ]

  public init(vendor: String = "FabGitOps", product: String = "mock-plc", revision: String = "1.0") {
    objects = []
    set(IdentificationObject.vendorName, vendor)
    set(IdentificationObject.productCode, product)
    set(IdentificationObject.majorMinorRevision, revision)
  }

  /// Cut off at the longest value that Modbus can carry, 244 bytes.
  public mutating func set(_ id: UInt8, _ text: String) {
    objects.removeAll { $0.id == id }
    let bytes = Array(text.utf8.prefix(IdentificationObject.longestValue))
    objects.append(IdentificationObject(id: id, value: bytes))
    objects.sort { $0.id < $1.id }
  }

  /// Reads `vendor=ACME,product=P1,revision=2.1`; what is not named keeps the default.
  public init(text: String) throws(IdentityProblem) {
    self.init()
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
      guard pair.count == 2 else {
        throw IdentityProblem("'\(part)' is not KEY=VALUE")
      }
      guard let key = Self.keys.first(where: { $0.name == pair[0] }) else {
        let names = Self.keys.map(\.name)
        let hint = Spelling.suggestion(for: pair[0], among: names)
        throw IdentityProblem(
          "unknown key '\(pair[0])'" + (hint ?? ", one of " + names.joined(separator: " ")))
      }
      set(key.id, pair[1])
    }
  }
}

/// Why a text is no identity, in one line.
public struct IdentityProblem: Error, Hashable, CustomStringConvertible {
  public var description: String

  init(_ description: String) {
    self.description = description
  }
}
