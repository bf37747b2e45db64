import NIOSSL
import SwiftASN1

/// The role in a client's certificate (MODBUS/TCP Security V36, section 8.3): a UTF8String in the extension
/// 1.3.6.1.4.1.50316.802.1.
enum CertificateRole {
  private static let extensionId: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 50316, 802, 1]

  /// nil where there is none, or where it cannot be read: the null role.
  static func role(in certificate: NIOSSLCertificate) -> String? {
    (try? certificate.toDERBytes()).flatMap { role(inDER: $0) }
  }

  /// Only looks; whether the certificate is good has been checked before.
  static func role(inDER bytes: [UInt8]) -> String? {
    guard let certificate = try? DER.parse(bytes), let body = children(certificate)?.first,
      let explicit = children(body)?.first(where: { $0.identifier == extensionsTag }),
      let extensions = children(explicit)?.first.flatMap(children)
    else { return nil }
    for entry in extensions {
      // An OID, perhaps whether it is critical, and the value in an octet string.
      guard let fields = children(entry), let first = fields.first, let last = fields.last,
        let id = try? ASN1ObjectIdentifier(derEncoded: first), id == extensionId,
        let wrapped = try? ASN1OctetString(derEncoded: last), let value = try? DER.parse(wrapped.bytes),
        let text = try? ASN1UTF8String(derEncoded: value)
      else { continue }
      let role = String(text)
      return role.isEmpty ? nil : role
    }
    return nil
  }

  /// `[3] EXPLICIT Extensions` (RFC 5280, section 4.1).
  private static let extensionsTag = ASN1Identifier(tagWithNumber: 3, tagClass: .contextSpecific)

  private static func children(_ node: ASN1Node) -> [ASN1Node]? {
    if case .constructed(let nodes) = node.content { Array(nodes) } else { nil }
  }
}
