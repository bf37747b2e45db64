import Foundation
import Testing

@testable import Kubernetes

@Suite struct TimestampTests {
  @Test(arguments: [
    ("1970-01-01T00:00:00Z", 0, 0), ("2026-01-02T03:04:05Z", 1_767_323_045, 0),
    ("2024-02-29T23:59:59.5Z", 1_709_251_199, 500_000_000), ("1969-12-31T23:59:59Z", -1, 0),
    ("2026-01-02T05:04:05+02:00", 1_767_323_045, 0),
    ("2026-01-01T19:34:05.000000001-07:30", 1_767_323_045, 1),
    ("2000-03-01T00:00:00.1234567891Z", 951_868_800, 123_456_789),
  ])
  func parses(text: String, seconds: Int64, nanoseconds: Int32) throws {
    let time = try #require(Timestamp(rfc3339: text))
    #expect(time == Timestamp(seconds: seconds, nanoseconds: nanoseconds))
  }

  @Test(arguments: [
    "", "2026", "2026-01-02", "2026-01-02 03:04:05Z", "2026-13-02T03:04:05Z", "2026-01-02T24:04:05Z",
    "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "-026-01-02T03:04:05Z",
    "2026-01-02T03:04:05+0200",
  ])
  func refuses(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }

  @Test func writesWhatItReads() throws {
    for seconds in stride(from: Int64(-62_135_596_800), through: 253_402_300_799, by: 86_400 * 131 + 3671) {
      let time = Timestamp(seconds: seconds)
      #expect(Timestamp(rfc3339: time.rfc3339) == time)
    }
    #expect(Timestamp(seconds: 0, nanoseconds: 1_999).rfc3339Micro == "1970-01-01T00:00:00.000001Z")
    #expect(Timestamp(seconds: .max).rfc3339 == "9999-12-31T23:59:59Z")
    #expect(Timestamp(milliseconds: -1) == Timestamp(seconds: -1, nanoseconds: 999_000_000))
  }

  @Test func agreesWithFoundation() {
    let format = Date.ISO8601FormatStyle()
    for seconds in stride(from: Int64(0), through: 4_000_000_000, by: 7_654_321) {
      let date = Date(timeIntervalSince1970: TimeInterval(seconds))
      #expect(Timestamp(seconds: seconds).rfc3339 == date.formatted(format))
    }
  }
}
