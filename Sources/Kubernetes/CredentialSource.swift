import Foundation

/// Where requests get their credentials from: constant, re-read, or minted by a plugin.
///
/// Concurrent askers share one run of a plugin.
actor CredentialSource {
  static let maxTokenBytes = 64 << 10

  private struct Held {
    var credential: Credential
    var since: MonotonicInstant
    var isRejected = false
  }

  private let login: ClusterConfiguration.Login
  private let environment: [String: String]
  private let pluginTimeout: Duration
  /// How long a token file's content is used before it is read again.
  private let fileLifetime: Duration
  /// A plugin is asked before its credential runs out, so that no request is sent with one about to.
  private let expiryMargin: Int64
  private var held: Held?
  private var refresh: Task<Credential, any Error>?

  init(
    login: ClusterConfiguration.Login, environment: [String: String], pluginTimeout: Duration = .seconds(60),
    fileLifetime: Duration = .seconds(60), expiryMargin: Int64 = 10
  ) {
    self.login = login
    self.environment = environment
    self.pluginTimeout = pluginTimeout
    self.fileLifetime = fileLifetime
    self.expiryMargin = expiryMargin
  }

  /// The credential to use now.
  func credential() async throws(CredentialError) -> Credential {
    switch login {
    case .none: return Credential()
    case .token(let token): return Credential(token: token)
    case .basic(let user, let password):
      let pair = Data("\(user):\(password.value)".utf8).base64EncodedString()
      return Credential(basic: Secret(pair))
    case .tokenFile(let path): return try fromFile(path)
    case .exec(let plugin): return try await fromPlugin(plugin)
    }
  }

  /// Says that the server refused this credential; true when the next one may differ.
  func reject(_ credential: Credential) -> Bool {
    switch login {
    case .none, .token, .basic: return false
    case .tokenFile, .exec:
      // Somebody else may have fetched a new one meanwhile.
      guard let current = held, current.credential == credential else { return true }
      // A plugin that has just been asked would say the same again.
      if case .exec = login, current.since.duration(to: .now()) < .seconds(5) { return false }
      held?.isRejected = true
      return true
    }
  }

  private func fromFile(_ path: String) throws(CredentialError) -> Credential {
    let now = MonotonicInstant.now()
    if let held, !held.isRejected, held.since.duration(to: now) < fileLifetime { return held.credential }
    do {
      let text = try readText(path, limit: Self.maxTokenBytes)
      let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
      guard !token.isEmpty else { throw RequestError(message: "is empty") }
      let credential = Credential(token: Secret(token))
      held = Held(credential: credential, since: now)
      return credential
    } catch {
      // While the kubelet swaps the file, the last token is still good.
      if let held { return held.credential }
      throw CredentialError("token file \(path) \(error)")
    }
  }

  private func fromPlugin(_ plugin: ExecPlugin) async throws(CredentialError) -> Credential {
    let wall = Timestamp.now().seconds
    if let held, !held.isRejected {
      guard let expiry = held.credential.expiry, expiry.seconds - expiryMargin <= wall else {
        return held.credential
      }
    }
    let task: Task<Credential, any Error>
    if let refresh {
      task = refresh
    } else {
      task = Task { [environment, pluginTimeout] in
        try await plugin.run(environment: environment, timeout: pluginTimeout)
      }
      refresh = task
    }
    do {
      let credential = try await task.value
      if refresh == task {
        held = Held(credential: credential, since: .now())
        refresh = nil
      }
      return credential
    } catch {
      if refresh == task { refresh = nil }
      if let held, !held.isRejected, let expiry = held.credential.expiry, expiry.seconds > Timestamp.now().seconds {
        return held.credential
      }
      throw error as? CredentialError ?? CredentialError("\(error)")
    }
  }
}

extension ExecPlugin {
  /// Runs the plugin and reads what it prints.
  func run(environment inherited: [String: String], timeout: Duration) async throws(CredentialError) -> Credential {
    var variables = inherited
    for (name, value) in environment { variables[name] = value }
    variables["KUBERNETES_EXEC_INFO"] = execInfo
    let child = ChildProcess(command: command, arguments: arguments, environment: variables, timeout: timeout)
    let result: ChildProcess.Output
    do {
      result = try await child.run()
    } catch {
      throw CredentialError("credential plugin \(command): \(explain(error, timeout))")
    }
    guard result.status == 0 else {
      let complaint = result.complaint.isEmpty ? "" : ": \(result.complaint)"
      throw CredentialError("credential plugin \(command): exited with \(result.status)\(complaint)")
    }
    return try credential(from: result.output)
  }

  private func explain(_ failure: ChildProcess.Failure, _ timeout: Duration) -> String {
    switch failure {
    case .notStarted(let code):
      let hint = installHint.map { "; \($0)" } ?? ""
      return "cannot be run: \(String(cString: strerror(code)))\(hint)"
    case .timedOut: return "did not finish within \(Int(timeout.inSeconds)) s; it may be waiting for a log-in"
    case .tooMuchOutput(let limit): return "printed more than \(limit) bytes"
    case .cancelled: return "was cancelled"
    }
  }
}
