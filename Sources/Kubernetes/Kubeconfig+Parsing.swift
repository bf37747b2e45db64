import Yams

extension Kubeconfig {
  /// Parses one file's text (YAML or JSON). Unknown fields are ignored, as kubectl does.
  ///
  /// - Parameter file: for messages, and what relative paths are relative to.
  public init(parsing text: String, file: String) throws(KubeconfigError) {
    files = [file]
    let document: Node?
    do {
      document = try Yams.compose(yaml: text)
    } catch {
      throw KubeconfigError(file: file, message: "is not valid YAML: \(error)")
    }
    guard let document, document != Node("") else { return }
    let root = FieldReader(node: document, file: file, path: "")
    guard root.isMapping else {
      throw KubeconfigError(file: file, message: "is not a kubeconfig: no mapping")
    }
    if let kind = try root.text("kind"), kind != "Config" {
      throw KubeconfigError(file: file, field: "kind", message: "is \"\(kind)\", not Config")
    }
    currentContext = try root.text("current-context")
    for entry in try root.entries("clusters") {
      let name = try entry.requiredText("name")
      if clusters[name] == nil { clusters[name] = try Cluster(entry.required("cluster")) }
    }
    for entry in try root.entries("users") {
      let name = try entry.requiredText("name")
      if users[name] == nil { users[name] = try User(entry.required("user")) }
    }
    for entry in try root.entries("contexts") {
      let name = try entry.requiredText("name")
      if contexts[name] == nil { contexts[name] = try Context(entry.required("context")) }
    }
  }
}

extension Kubeconfig.Cluster {
  fileprivate init(_ reader: FieldReader) throws(KubeconfigError) {
    origin = reader.origin
    server = try reader.text("server")
    certificateAuthority = try reader.path("certificate-authority")
    certificateAuthorityData = try reader.base64("certificate-authority-data")
    insecureSkipTLSVerify = try reader.flag("insecure-skip-tls-verify")
    tlsServerName = try reader.text("tls-server-name")
    proxyURL = try reader.text("proxy-url")
  }
}

extension Kubeconfig.User {
  fileprivate init(_ reader: FieldReader) throws(KubeconfigError) {
    origin = reader.origin
    clientCertificate = try reader.path("client-certificate")
    clientCertificateData = try reader.base64("client-certificate-data").map { Secret($0) }
    clientKey = try reader.path("client-key")
    clientKeyData = try reader.base64("client-key-data").map { Secret($0) }
    token = try reader.text("token").map { Secret($0) }
    tokenFile = try reader.path("tokenFile")
    username = try reader.text("username")
    password = try reader.text("password").map { Secret($0) }
    impersonate = try reader.text("as")
    impersonateUID = try reader.text("as-uid")
    impersonateGroups = try reader.texts("as-groups")
    if let extra = try reader.mapping("as-user-extra") {
      for key in extra.keys { impersonateExtra[key] = try extra.texts(key) }
    }
    authProvider = try reader.mapping("auth-provider").map { provider throws(KubeconfigError) in
      try provider.text("name") ?? "unnamed"
    }
    if let exec = try reader.mapping("exec") { self.exec = try Kubeconfig.Exec(exec) }
  }
}

extension Kubeconfig.Exec {
  fileprivate init(_ reader: FieldReader) throws(KubeconfigError) {
    apiVersion = try reader.text("apiVersion")
    command = try reader.text("command")
    // Only a command that names a directory is a path; a bare name is looked up in PATH.
    if let command, command.contains("/") { self.command = try reader.path("command") }
    arguments = try reader.texts("args")
    for entry in try reader.entries("env") {
      environment[try entry.requiredText("name")] = try entry.text("value") ?? ""
    }
    installHint = try reader.text("installHint")
    providesClusterInfo = try reader.flag("provideClusterInfo")
    interactiveMode = try reader.text("interactiveMode")
  }
}

extension Kubeconfig.Context {
  fileprivate init(_ reader: FieldReader) throws(KubeconfigError) {
    origin = reader.origin
    cluster = try reader.text("cluster")
    user = try reader.text("user")
    namespace = try reader.text("namespace")
  }
}
