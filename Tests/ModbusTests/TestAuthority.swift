import Foundation
import Testing

/// A certificate authority in a folder of its own, made with the openssl program.
struct TestAuthority {
  let folder: String

  init(_ name: String = "Plant CA") throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("ca-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Self.openssl(
      ["req", "-x509", "-subj", "/CN=\(name)", "-days", "2", "-out", folder + "/ca.crt"]
        + Self.newKey(folder + "/ca.key"))
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  /// `tls.crt`, `tls.key` and `ca.crt` in `directory`, replaced if they are there.
  ///
  /// - Parameters:
  ///   - names: what a server's certificate is for, as openssl writes it: `IP:127.0.0.1`, `DNS:plc-7`.
  ///   - role: what a client's certificate says.
  ///   - days: below 1 for one that has expired.
  ///   - trusting: whose certificates the holder accepts; its own authority's by default.
  func issue(
    into directory: String, names: String = "IP:127.0.0.1", role: String? = nil, days: Int = 2,
    trusting: TestAuthority? = nil
  ) throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let (request, lines) = (directory + "/request.csr", directory + "/extensions")
    var extensions = "subjectAltName=\(names)\n"
    if let role { extensions += "1.3.6.1.4.1.50316.802.1=ASN1:UTF8String:\(role)\n" }
    try extensions.write(toFile: lines, atomically: true, encoding: .utf8)
    try Self.openssl(
      ["req", "-new", "-subj", "/CN=device", "-out", request] + Self.newKey(directory + "/tls.key"))
    try Self.openssl([
      "x509", "-req", "-in", request, "-CA", folder + "/ca.crt", "-CAkey", folder + "/ca.key",
      "-CAcreateserial",
      "-days", "\(days)", "-extfile", lines, "-out", directory + "/tls.crt",
    ])
    let trusted = try String(contentsOfFile: (trusting ?? self).folder + "/ca.crt", encoding: .utf8)
    try trusted.write(toFile: directory + "/ca.crt", atomically: true, encoding: .utf8)
  }

  private static func newKey(_ path: String) -> [String] {
    ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path]
  }

  private static func openssl(_ arguments: [String]) throws {
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    openssl.arguments = ["openssl"] + arguments
    let complaints = Pipe()
    openssl.standardError = complaints
    try openssl.run()
    let text = complaints.fileHandleForReading.readDataToEndOfFile()
    openssl.waitUntilExit()
    try #require(openssl.terminationStatus == 0, "\(String(decoding: text, as: UTF8.self))")
  }
}
