import NIOSSL

extension WireFailure {
  /// The failure behind an error of the TLS library; nil when the error is not one of its.
  init?(tls error: any Error) {
    switch error {
    case NIOSSLError.uncleanShutdown, is NIOSSLCloseTimedOutError: self = .connectionClosed
    case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError: self = .tls(Self.words(ofTLS: error))
    default: return nil
    }
  }

  static let otherName = WireFailure.tls(otherNameWords)
  private static let otherNameWords =
    "the device's certificate is for another name or address (set tls.serverName to the one in it)"

  /// What people can act on, else the library's own reason.
  static func words(ofTLS error: any Error) -> String {
    switch error {
    case NIOSSLError.handshakeFailed(let inner), NIOSSLError.shutdownFailed(let inner):
      return words(of: inner)
    case let inner as BoringSSLError: return words(of: inner)
    case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate:
      return "the device's certificate could not be checked"
    case NIOSSLError.failedToLoadPrivateKey: return "the key is not that of the certificate"
    case let extra as NIOSSLExtraError where extra == .failedToValidateHostname:
      return otherNameWords
    default: return oneLine("\(error)")
    }
  }

  private static func words(of error: BoringSSLError) -> String {
    guard case .sslError(let stack) = error, let last = stack.last else { return oneLine("\(error)") }
    let reason = reason(in: last.description)
    return known[reason] ?? reason.lowercased().replacing("_", with: " ")
  }

  /// `CERTIFICATE_VERIFY_FAILED` of `Error: 268435581 error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_... at
  /// /path:42`.
  private static func reason(in text: String) -> String {
    let head = text.firstRange(of: " at ").map { text[..<$0.lowerBound] } ?? text[...]
    return head.split(separator: ":").last.map { $0.trimmingPrefix(" ") }.map(String.init) ?? oneLine(text)
  }

  private static let known = [
    "CERTIFICATE_VERIFY_FAILED":
      "the device's certificate is not signed by an authority in ca.crt, or has expired",
    "WRONG_VERSION_NUMBER": "what answers on that port does not speak TLS",
    "EOF during handshake": "the device closed the connection during the handshake",
    "TLSV1_ALERT_UNKNOWN_CA": "the device does not know the authority that signed our certificate",
    "TLSV1_ALERT_CERTIFICATE_REQUIRED": "the device wants a certificate from us and got none",
    "TLSV1_ALERT_ACCESS_DENIED": "the device denies access to our certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "the device does not accept our certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "the device does not accept our kind of certificate",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "the device says that our certificate is revoked",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "the device says that our certificate has expired",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "the device does not accept our certificate",
    "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
    "KEY_TYPE_MISMATCH": "the key is not that of the certificate",
    "TLSV1_ALERT_PROTOCOL_VERSION": "the device speaks no TLS version from 1.2 on",
    "UNSUPPORTED_PROTOCOL": "the device speaks no TLS version from 1.2 on",
  ]

  private static func oneLine(_ text: String) -> String { text.replacing("\n", with: " ") }
}
