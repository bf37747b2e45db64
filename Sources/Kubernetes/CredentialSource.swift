import ChildProcesses
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
  /// The plugin at work, and who waits for it.
  private var run: Task<Void, Never>?
  private var runNumber: UInt64 = 0
  private var waiters: [UInt64: CheckedContinuation<Result<Credential, CredentialError>, Never>] = [:]
  private var nextWaiter: UInt64 = 0

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

  // MARK: Plugins

  private func fromPlugin(_ plugin: ExecPlugin) async throws(CredentialError) -> Credential {
    let wall = Timestamp.now().seconds
    if let held, !held.isRejected {
      guard let expiry = held.credential.expiry, expiry.seconds - expiryMargin <= wall else {
        return held.credential
      }
    }
    if run == nil { start(plugin) }
    nextWaiter &+= 1
    let number = nextWaiter
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { waiters[number] = $0 }
    } onCancel: {
      Task { await self.leave(number) }
    }
    return try result.get()
  }

  private func start(_ plugin: ExecPlugin) {
    runNumber &+= 1
    run = Task { [environment, pluginTimeout, runNumber] in
      do throws(CredentialError) {
        finish(runNumber, .success(try await plugin.run(environment: environment, timeout: pluginTimeout)))
      } catch {
        finish(runNumber, .failure(error))
      }
    }
  }

  private func finish(_ number: UInt64, _ result: Result<Credential, CredentialError>) {
    // A run that was given up has nobody to answer.
    guard number == runNumber, run != nil else { return }
    run = nil
    var result = result
    switch result {
    case .success(let credential):
      held = Held(credential: credential, since: .now())
    case .failure:
      // Asked early, so what is held may still be good for a moment.
      if let held, !held.isRejected, let expiry = held.credential.expiry,
        expiry.seconds > Timestamp.now().seconds
      {
        result = .success(held.credential)
      }
    }
    let waiting = waiters
    waiters = [:]
    for waiter in waiting.values { waiter.resume(returning: result) }
  }

  /// A cancelled asker does not wait; when nobody is left, the plugin is killed.
  private func leave(_ number: UInt64) {
    guard let waiter = waiters.removeValue(forKey: number) else { return }
    waiter.resume(returning: .failure(CredentialError("the request was cancelled")))
    guard waiters.isEmpty else { return }
    run?.cancel()
    run = nil
  }
}

extension ExecPlugin {
  /// Runs the plugin and reads what it prints.
  func run(environment inherited: [String: String], timeout: Duration) async throws(CredentialError)
    -> Credential
  {
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
      let text = oneLine(String(decoding: result.complaint, as: UTF8.self))
      let complaint = text.isEmpty ? "" : ": \(text)"
      throw CredentialError("credential plugin \(command): exited with \(result.status)\(complaint)")
    }
    return try credential(from: result.output)
  }

  private func explain(_ failure: ChildProcess.Failure, _ timeout: Duration) -> String {
    switch failure {
    case .notStarted(let code), .notGiven(let code):
      let hint = installHint.map { "; \($0)" } ?? ""
      return "cannot be run: \(String(cString: strerror(code)))\(hint)"
    case .timedOut: return "did not finish within \(Int(timeout.inSeconds)) s; it may be waiting for a log-in"
    case .tooMuchOutput(let limit): return "printed more than \(limit) bytes"
    case .cancelled: return "was cancelled"
    case .statusLost: return "ended, and its exit status was taken by somebody else"
    }
  }
}
