import Crypto

/// The hash chain over audit rows.
///
/// `hash(n) = SHA-256(hash(n - 1) ‖ encoding(n))`, and `hash(0) = SHA-256("fabgitops audit 1" ‖ journal id)`. The
/// encoding puts the length before every field, so that no two rows share one. SHA-256 comes from swift-crypto.
enum AuditHash {
  static let length = 32

  static func genesis(journal: String) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append("fabgitops audit 1")
    encoder.append(journal)
    return Array(SHA256.hash(data: encoder.bytes))
  }

  static func next(after previous: [UInt8], _ row: AuditRow) -> [UInt8] {
    var encoder = CanonicalEncoder()
    encoder.append(raw: previous)
    encoder.append(row.sequence)
    encoder.append(row.session)
    encoder.append(row.kind)
    encoder.append(row.at)
    encoder.append(row.actor)
    encoder.append(row.namespace)
    encoder.append(row.name)
    encoder.append(row.register)
    encoder.append(row.place)
    encoder.append(row.before)
    encoder.append(row.after)
    encoder.append(raw: row.beforeWords)
    encoder.append(raw: row.afterWords)
    encoder.append(row.order)
    encoder.append(row.cause)
    encoder.append(row.revision)
    encoder.append(row.outcome)
    encoder.append(row.detail)
    return Array(SHA256.hash(data: encoder.bytes))
  }
}

/// Fields one after the other, each as a mark (0: absent, 1: present), its length in four bytes, and its bytes.
struct CanonicalEncoder {
  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(512) }

  mutating func append(_ text: String?) {
    guard let text else { return bytes.append(0) }
    append(raw: Array(text.utf8))
  }

  mutating func append(_ number: Int64?) {
    guard let number else { return bytes.append(0) }
    append(raw: withUnsafeBytes(of: number.bigEndian, Array.init))
  }

  mutating func append(raw: [UInt8]) {
    bytes.append(1)
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: raw.count).bigEndian) { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: raw)
  }
}

extension [UInt8] {
  /// Lower-case hexadecimal.
  var hex: String {
    let digits = Array<UInt8>("0123456789abcdef".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(count * 2)
    for byte in self {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  init?(hex: some StringProtocol) {
    let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == hex.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
    self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
  }
}
