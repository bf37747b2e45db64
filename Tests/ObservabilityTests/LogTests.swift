import Control
import Foundation
import Logging
import Synchronization
import Testing

@testable import Observability

@Suite struct LogTests {
  private func line(_ message: String, _ metadata: Logger.Metadata = [:], at: WallTime = noon) -> LogLine {
    LogLine(at: at, level: .warning, logger: "engine", message: message, metadata: metadata)
  }

  @Test func textNamesTheDeviceFirst() {
    let drift = line(
      "Drift detected",
      [
        "actual": "2400", "zeta": "1", "desired": "2500", "alpha": "two words", "plc": "default/line-1",
        "register": "4001",
      ])
    #expect(
      String(decoding: drift.rendered(.text), as: UTF8.self)
        == "2027-01-15T08:10:00.000Z warning Drift detected plc=default/line-1 register=4001 desired=2500 actual=2400 "
        + "alpha=\"two words\" zeta=1\n")
  }

  @Test func jsonIsOneObjectALine() throws {
    let bytes = line("Drift \"detected\"", ["plc": "default/line-1", "message": "taken", "n": "5"]).rendered(
      .json)
    #expect(bytes.last == UInt8(ascii: "\n") && bytes.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: String])
    #expect(
      object == [
        "time": "2027-01-15T08:10:00.000Z", "level": "warning", "logger": "engine",
        "message": "Drift \"detected\"",
        "plc": "default/line-1", "message_": "taken", "n": "5",
      ])
  }

  @Test(arguments: LogFormat.allCases)
  func nothingReachesATerminalRaw(_ format: LogFormat) {
    let hostile = "a\u{1B}[2Jb\r\nc\u{0}d\u{9B}31m\u{202E}e\u{7F}\u{2028}f"
    let bytes = line(hostile, ["plc": .string(hostile), .init(hostile): "x"]).rendered(format)
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.hasSuffix("\n") && !text.dropLast().contains("\n"))
    for scalar in text.dropLast().unicodeScalars {
      #expect(scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value) && scalar != "\u{202E}")
    }
  }

  @Test func whatFlapsIsLeftOutAndCounted() {
    var limit = FlapLimit(burst: 3, window: .seconds(60))
    func judge(_ attempt: Int, _ second: Int, plc: String = "default/a") -> FlapLimit.Verdict {
      limit.judge(
        line("Cannot connect (attempt \(attempt))", ["plc": .string(plc)], at: noon + .seconds(second)))
    }
    #expect((0..<3).map { judge($0, $0) } == [.write(leftOut: 0), .write(leftOut: 0), .write(leftOut: 0)])
    #expect((3..<50).allSatisfy { judge($0, $0) == .leaveOut })
    // Another device is not hidden by it.
    #expect(judge(1, 50, plc: "default/b") == .write(leftOut: 0))
    #expect(judge(50, 60) == .write(leftOut: 47))
    // The clock set back does not silence anything.
    #expect(judge(51, -5000) == .write(leftOut: 0))
  }

  @Test func theTableOfLinesIsBounded() {
    var limit = FlapLimit(burst: 1, window: .seconds(60))
    for number in 0..<20_000 {
      let name =
        String(number, radix: 36).map { $0.isNumber ? "x" : $0 } + String(repeating: "y", count: number % 97)
      _ = limit.judge(line("m", ["plc": .string("\(number)" + String(name))]))
    }
    #expect(
      Mirror(reflecting: limit).children.contains {
        ($0.value as? [String: Any])?.count ?? 0 <= FlapLimit.most
      })
  }

  @Test func levelAndFormatChangeWhileItRuns() throws {
    let path = NSTemporaryDirectory() + "fabgitops-log-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let output = LogOutput(.file(path), level: .warning, now: { noon })
    var logger = Logger(label: "t") { output.handler($0) }
    logger.info("hidden")
    output.level = .debug
    logger.debug("seen")
    output.format = .json
    logger.info("as json", metadata: ["plc": "a/b"])
    logger.logLevel = .error
    logger.info("hidden again")
    output.flush(.seconds(30))
    let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: path)), as: UTF8.self)
    #expect(
      text == """
        2027-01-15T08:10:00.000Z debug seen
        {"time":"2027-01-15T08:10:00.000Z","level":"info","logger":"t","message":"as json","plc":"a/b"}

        """)
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func aFileThatIsMovedAwayIsBegunAgain() throws {
    let path = NSTemporaryDirectory() + "fabgitops-log-\(UUID().uuidString)"
    defer { for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) } }
    let output = LogOutput(.file(path), now: { noon })
    let logger = Logger(label: "t") { output.handler($0) }
    logger.info("one")
    output.flush(.seconds(30))
    try FileManager.default.moveItem(atPath: path, toPath: path + ".1")
    logger.info("two")
    output.flush(.seconds(30))
    #expect(try String(contentsOfFile: path + ".1", encoding: .utf8).hasSuffix("info one\n"))
    #expect(try String(contentsOfFile: path, encoding: .utf8).hasSuffix("info two\n"))
  }

  @Test func aReaderThatStopsBlocksNobodyAndIsToldWhatItMissed() throws {
    // A pipe as the log's file: its reader does not read.
    let path = NSTemporaryDirectory() + "fabgitops-log-\(UUID().uuidString)"
    #expect(mkfifo(path, 0o600) == 0)
    defer { unlink(path) }
    let reader = open(path, O_RDONLY | O_NONBLOCK)
    let output = LogOutput(.file(path), now: { noon })
    let logger = Logger(label: "t") { output.handler($0) }
    for number in 0..<4000 {
      let name = "\(UUID())"
      logger.info(
        "\(String(repeating: "x", count: 500))", metadata: ["plc": .string(name), "n": "\(number)"])
    }
    // All calls returned. Now read everything.
    var text = ""
    let deadline = Date(timeIntervalSinceNow: 60)
    var buffer = [UInt8](repeating: 0, count: 65536)
    while Date() < deadline, !text.contains("lines were dropped") {
      logger.info("still here", metadata: ["plc": .string("\(UUID())")])
      let count = read(reader, &buffer, buffer.count)
      if count > 0 { text += String(decoding: buffer[0..<count], as: UTF8.self) } else { usleep(1000) }
    }
    close(reader)
    #expect(text.contains("The log was not read: lines were dropped lines="))
  }
}

@Suite struct LogControlTests {
  @Test func theLevelGoesUpStepByStepAndBackAtOnce() {
    var level = Logger.Level.warning
    var seen: [Logger.Level] = []
    for _ in 0..<5 {
      level = LogLevelSignals.moreVerbose(level)
      seen.append(level)
    }
    #expect(seen == [.notice, .info, .debug, .trace, .trace])
  }

  @Test func signalsChangeTheLevelWhileItRuns() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let output = LogOutput(.file(path), level: .info)
    let signals = LogLevelSignals(output)
    kill(getpid(), SIGUSR1)
    try await eventually("debug") { output.level == .debug }
    kill(getpid(), SIGUSR2)
    try await eventually("info again") { output.level == .info }
    try await eventually("both changes are in the log") {
      let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
      return text.contains("level=debug") && text.contains("level=info")
    }
    withExtendedLifetime(signals) {}
  }

  @Test func aLargeFileIsPutAside() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
    defer { for name in [path, path + ".1"] { try? FileManager.default.removeItem(atPath: name) } }
    var target = LogTarget(.file(path))
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
    for _ in 0..<(LogTarget.most >> 20) + 2 { target.write(line) }
    target.close()
    let size = { (name: String) in
      (try? FileManager.default.attributesOfItem(atPath: name)[.size] as? Int) ?? 0
    }
    #expect(size(path + ".1") == LogTarget.most && size(path) == 2 << 20)
  }
}
