import Foundation

/// Where the certificates for `mbaps://` devices are: `$FABGITOPS_TLS_DIR`, else `$XDG_CONFIG_HOME/fabgitops/tls`. Below
/// it a folder for each name that manifests use, with `tls.crt`, `tls.key` and `ca.crt`.
enum CredentialsDirectory {
  static func standard(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
    if let own = environment["FABGITOPS_TLS_DIR"], !own.isEmpty { return own }
    let home = environment["HOME"] ?? NSHomeDirectory()
    let base = environment["XDG_CONFIG_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil } ?? home + "/.config"
    return base + "/fabgitops/tls"
  }
}
