import SwiftASN1

/// Finds what a certificate carries besides what the TLS library tells. Only looks; whether the certificate is good has
/// been checked before.
enum CertificateExtension {
  /// The value of an extension; nil where there is none, or where it cannot be read.
  static func value(of id: ASN1ObjectIdentifier, inDER bytes: [UInt8]) -> ASN1Node? {
    guard let certificate = try? DER.parse(bytes), let body = children(certificate)?.first,
      let explicit = children(body)?.first(where: { $0.identifier == extensionsTag }),
      let extensions = children(explicit)?.first.flatMap(children)
    else { return nil }
    for entry in extensions {
      // An OID, perhaps whether it is critical, and the value in an octet string.
      guard let fields = children(entry), let first = fields.first, let last = fields.last,
        let found = try? ASN1ObjectIdentifier(derEncoded: first), found == id,
        let wrapped = try? ASN1OctetString(derEncoded: last)
      else { continue }
      return try? DER.parse(wrapped.bytes)
    }
    return nil
  }

  /// `[3] EXPLICIT Extensions` (RFC 5280, section 4.1).
  private static let extensionsTag = ASN1Identifier(tagWithNumber: 3, tagClass: .contextSpecific)

  static func children(_ node: ASN1Node) -> [ASN1Node]? {
    if case .constructed(let nodes) = node.content { Array(nodes) } else { nil }
  }
}
