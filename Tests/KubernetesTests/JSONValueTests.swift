import Foundation
import Testing

@testable import Kubernetes

@Suite struct JSONValueTests {
  @Test func parsesEveryKind() throws {
    let text =
      #" {"a":[null,true,false,0,-12,1.5,1e3,9223372036854775807,9223372036854775808],"é\n\u00e9\ud83d\ude00":""} "#
    let value = try JSONValue(parsing: text)
    #expect(
      value == [
        "a": [nil, true, false, 0, -12, 1.5, 1000.0, .integer(.max), .number(9_223_372_036_854_775_808)],
        "é\né😀": "",
      ])
    #expect(try JSONValue(parsing: value.description) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "tru", "01", "-", "1.", "1e", "+1", ".5", "[1,]", "[1", "{", #"{"a"}"#, #"{"a":}"#,
    #"{a:1}"#,
    #""a"#, #""\x""#, #""\u12""#, "\"\u{1}\"", "1 2", "[1]]", "1e999", "'a'", "{\"a\":1,}",
  ])
  func refusesWhatIsNotJSON(text: String) {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
  }

  @Test func loneSurrogatesBecomeReplacements() throws {
    #expect(try JSONValue(parsing: #""\ud800x\udc00\ud800\u0041""#) == "\u{FFFD}x\u{FFFD}\u{FFFD}A")
  }

  @Test func refusesInvalidUTF8() {
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
  }

  @Test func limitsWhatATextMayBuild() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: deep) }
    let wide = "[" + String(repeating: "0,", count: 1000) + "0]"
    let error = #expect(throws: JSONSyntaxError.self) {
      try JSONValue(parsing: wide, limits: .init(values: 500))
    }
    #expect(error?.message == "more than 500 values")
  }

  /// What Foundation reads from what we write, and the other way about, for random values.
  @Test func agreesWithFoundation() throws {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let value = random(&generator, depth: 0)
      let bytes = value.serialized()
      let theirs = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
      #expect(theirs == value, "seed \(seed)")
      #expect(try JSONValue(parsing: bytes) == value, "seed \(seed)")
    }
  }

  private func random(_ generator: inout SeededGenerator, depth: Int) -> JSONValue {
    switch Int.random(in: 0..<(depth < 4 ? 7 : 5), using: &generator) {
    case 0: return nil
    case 1: return .bool(Bool.random(using: &generator))
    case 2: return .integer(Int64.random(in: -1000...1000, using: &generator))
    case 3: return .number(Double(Int.random(in: -999...999, using: &generator)) + 0.25)
    case 4:
      let scalars = "aé\"\\\n\u{7}😀 /".unicodeScalars
      let picked = (0..<5).compactMap { _ in scalars.randomElement(using: &generator) }
      return .string(String(String.UnicodeScalarView(picked)))
    case 5:
      return .array((0..<3).map { _ in random(&generator, depth: depth + 1) })
    default:
      let members = (0..<3).map { ("k\($0)", random(&generator, depth: depth + 1)) }
      return .object(Dictionary(uniqueKeysWithValues: members))
    }
  }

  /// Any damage to a text is an error or a value, never a trap.
  @Test func survivesDamage() {
    let seed = UInt64.random(in: 0 ... .max)
    var generator = SeededGenerator(seed: seed)
    let whole = Array(#"{"type":"ADDED","object":{"a":[1,-2.5e3,"\u00e9x"],"b":{"c":null,"d":true}}}"#.utf8)
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
      }
      if let value = try? JSONValue(parsing: bytes) {
        #expect((try? JSONValue(parsing: value.serialized())) == value, "seed \(seed)")
      }
    }
  }

  @Test func describesDecodingErrorsByField() throws {
    struct Spec: Decodable { var ports: [Int] }
    struct Object: Decodable { var spec: Spec }
    let value: JSONValue = ["spec": ["ports": [1, "x"]]]
    do {
      let _: Object = try value.decode()
      Issue.record("decoded")
    } catch {
      #expect(describe(error) == "spec.ports[1]: expected Int")
    }
  }
}
