import NIOSSL
import SwiftASN1

/// The role in a client's certificate (MODBUS/TCP Security V36, section 8.3): a UTF8String in the extension
/// 1.3.6.1.4.1.50316.802.1.
enum CertificateRole {
  private static let id: ASN1ObjectIdentifier = [1, 3, 6, 1, 4, 1, 50316, 802, 1]

  /// nil where there is none, or where it cannot be read: the null role.
  static func role(in certificate: NIOSSLCertificate) -> String? {
    (try? certificate.toDERBytes()).flatMap { role(inDER: $0) }
  }

  static func role(inDER bytes: [UInt8]) -> String? {
    guard let value = CertificateExtension.value(of: id, inDER: bytes),
      let text = try? ASN1UTF8String(derEncoded: value)
    else { return nil }
    let role = String(text)
    return role.isEmpty ? nil : role
  }
}
