import Foundation
import Testing

@testable import Kubernetes

@Suite struct CredentialSourceTests {
  static let v1 = "client.authentication.k8s.io/v1"

  static func script(_ text: String) -> ExecPlugin {
    ExecPlugin(apiVersion: v1, command: "/bin/sh", arguments: ["-c", text])
  }

  static func credential(_ status: String) -> String {
    #"{"apiVersion":"\#(v1)","kind":"ExecCredential","status":\#(status)}"#
  }

  func source(_ plugin: ExecPlugin, timeout: Duration = .seconds(60)) -> CredentialSource {
    CredentialSource(login: .exec(plugin), environment: ["PATH": "/usr/bin:/bin"], pluginTimeout: timeout)
  }

  func message(_ plugin: ExecPlugin, timeout: Duration = .seconds(60)) async -> String {
    do {
      _ = try await source(plugin, timeout: timeout).credential()
      return "no error"
    } catch {
      return error.message
    }
  }

  @Test func runsOnceUntilTheCredentialExpires() async throws {
    let counter = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: counter) }
    func plugin(_ expiry: String) -> ExecPlugin {
      Self.script(
        """
        echo x >> \(counter)
        printf '\(Self.credential(#"{"token":"t%s","expirationTimestamp":"\#(expiry)"}"#))' $(wc -l < \(counter))
        """)
    }
    let lasting = source(plugin("2999-01-01T00:00:00Z"))
    async let one = lasting.credential()
    async let two = lasting.credential()
    let tokens = try await [one.token?.value, two.token?.value, lasting.credential().token?.value]
    #expect(tokens == ["t1", "t1", "t1"])
    let expired = source(plugin("2001-01-01T00:00:00Z"))
    #expect(try await expired.credential().token?.value == "t2")
    #expect(try await expired.credential().token?.value == "t3")
  }

  @Test func hasNoTerminalNoInputAndTheClusterInfo() async throws {
    var plugin = Self.script(
      """
      read line && echo had input >&2 && exit 3
      (: </dev/tty) 2>/dev/null && echo had a terminal >&2 && exit 4
      case "$KUBERNETES_EXEC_INFO" in
      *'"server":"https://h"'*'"interactive":false'*) ;;
      *) echo "$KUBERNETES_EXEC_INFO" >&2; exit 5;;
      esac
      printf '%s' '\(Self.credential(#"{"token":"'$EXTRA'"}"#))'
      """)
    plugin.environment = ["EXTRA": "from-env"]
    plugin.clusterInfo = .init(server: "https://h")
    #expect(try await source(plugin).credential().token?.value == "from-env")
  }

  @Test func saysWhatThePluginDidWrong() async {
    let absent = ExecPlugin(
      apiVersion: Self.v1, command: "no-such-plugin-here", installHint: "install it with apt")
    #expect(
      await message(absent)
        == "credential plugin no-such-plugin-here: cannot be run: No such file or directory; install it with apt"
    )
    #expect(
      await message(Self.script("echo log in first >&2; exit 7"))
        == "credential plugin /bin/sh: exited with 7: log in first")
    #expect(await message(Self.script("echo hello")).contains("printed no ExecCredential"))
    #expect(await message(Self.script("echo '{}'")).contains("kind: is not ExecCredential"))
    #expect(await message(Self.script("echo '\(Self.credential("{}"))'")).contains("neither token nor"))
    let half = Self.credential(#"{"clientKeyData":"k"}"#)
    #expect(await message(Self.script("echo '\(half)'")).contains("must come together"))
    #expect(await message(Self.script("cat /dev/zero")).contains("printed more than"))
  }

  @Test func killsAPluginThatDoesNotEnd() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    // Its child holds the output open, and must die with it.
    let text = await message(Self.script("sleep 1000 & echo $! > \(file); wait"), timeout: .milliseconds(500))
    #expect(text.contains("did not finish within"))
    let pid = try #require(
      Int32(String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)))
    let deadline = ContinuousClock.now.advanced(by: .seconds(30))
    func isAlive() -> Bool {
      let state = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
      return !state.isEmpty && !state.contains(") Z ")
    }
    while isAlive(), ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(20)) }
    #expect(!isAlive())
  }

  @Test func aCancelledAskerDoesNotWaitAndTheLastOneEndsThePlugin() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    let source = source(Self.script("echo $$ > \(file); sleep 1000"), timeout: .seconds(1000))
    let task = Task { try? await source.credential() }
    var deadline = ContinuousClock.now.advanced(by: .seconds(300))
    func pid() -> Int32? {
      let text = try? String(contentsOfFile: file, encoding: .utf8)
      return text.flatMap { Int32($0.trimmingCharacters(in: .newlines)) }
    }
    while pid() == nil, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
    let plugin = try #require(pid())
    task.cancel()
    #expect(await task.value == nil)
    while kill(plugin, 0) == 0, ContinuousClock.now < deadline {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(kill(plugin, 0) != 0)
    // The next asker starts anew.
    try FileManager.default.removeItem(atPath: file)
    deadline = ContinuousClock.now.advanced(by: .seconds(300))
    let next = Task { try? await source.credential() }
    while pid() == nil, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
    #expect(pid() != nil)
    next.cancel()
    _ = await next.value
  }

  @Test func readsATokenFileAgainAfterARefusal() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data(" one\n".utf8).write(to: URL(fileURLWithPath: file))
    let source = CredentialSource(login: .tokenFile(file), environment: [:])
    let first = try await source.credential()
    #expect(first.token?.value == "one")
    try Data("two".utf8).write(to: URL(fileURLWithPath: file))
    #expect(try await source.credential().token?.value == "one")
    #expect(await source.reject(first))
    #expect(try await source.credential().token?.value == "two")
    try FileManager.default.removeItem(atPath: file)
    let second = try await source.credential()
    #expect(await source.reject(second))
    #expect(try await source.credential().token?.value == "two")
  }

  @Test func readsATokenFileAgainInTime() async throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    defer { try? FileManager.default.removeItem(atPath: file) }
    try Data("one".utf8).write(to: URL(fileURLWithPath: file))
    let source = CredentialSource(login: .tokenFile(file), environment: [:], fileLifetime: .zero)
    #expect(try await source.credential().token?.value == "one")
    try Data("two".utf8).write(to: URL(fileURLWithPath: file))
    #expect(try await source.credential().token?.value == "two")
  }
}
