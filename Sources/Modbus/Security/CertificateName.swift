import NIOSSL
import SwiftASN1

/// Whether a certificate carries a name (RFC 6125). The TLS library accepts the address that was connected to instead of
/// the name; where a manifest says which name it must be, that is not enough.
enum CertificateName {
  private static let alternativeNames: ASN1ObjectIdentifier = [2, 5, 29, 17]
  /// `dNSName` (RFC 5280, section 4.2.1.6).
  private static let nameTag = ASN1Identifier(tagWithNumber: 2, tagClass: .contextSpecific)

  static func matches(_ name: String, in certificate: NIOSSLCertificate) -> Bool {
    (try? certificate.toDERBytes()).map { matches(name, inDER: $0) } ?? false
  }

  /// True also for a certificate without alternative names: the library has then compared its common name.
  static func matches(_ name: String, inDER bytes: [UInt8]) -> Bool {
    guard let value = CertificateExtension.value(of: alternativeNames, inDER: bytes) else { return true }
    let wanted = name.lowercased()
    return (CertificateExtension.children(value) ?? []).contains { entry in
      guard entry.identifier == nameTag, case .primitive(let text) = entry.content else { return false }
      return covers(String(decoding: text, as: UTF8.self).lowercased(), wanted)
    }
  }

  /// `*.plant.example` covers one label more, and nothing else does.
  static func covers(_ pattern: String, _ name: String) -> Bool {
    guard pattern.hasPrefix("*.") else { return pattern == name }
    guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return false }
    return name[dot...] == pattern.dropFirst()
  }
}
