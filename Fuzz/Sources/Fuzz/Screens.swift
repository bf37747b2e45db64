import Control
import Fleet

@testable import Observability
@testable import Terminal

/// The parameters of a request: names and values with zero bytes between them.
func fuzzQuery(_ bytes: UnsafeRawBufferPointer) {
  let parts = bytes.split(separator: 0, omittingEmptySubsequences: false).prefix(16).map { text($0) }
  var parameters: [(name: String, value: String)] = []
  for index in stride(from: 0, to: parts.count - 1, by: 2) {
    parameters.append((parts[index], parts[index + 1]))
  }
  let device = DeviceID(namespace: "n", name: "d")
  do throws(BadRequest) {
    let query = try HistoryRequest.query(
      device, parameters: parameters, now: WallTime(milliseconds: 1_800_000_000_000))
    require(query.from <= query.to, "a span that runs backwards")
    require((1...HistoryRequest.mostPoints).contains(query.maxPoints), "too many points")
  } catch {
    require((400..<500).contains(error.status), "a bad request is the client's fault")
  }
}

/// What a terminal sends: in one piece and byte by byte it is the same keys, and none is a raw control character.
func fuzzKeys(_ bytes: UnsafeRawBufferPointer) {
  guard let first = bytes.first else { return }
  let rest = UnsafeRawBufferPointer(rebasing: bytes[1...])
  func decoder() -> KeyDecoder {
    KeyDecoder(
      encoding: first & 1 == 0 ? .utf8 : .latin1, mouse: first & 2 != 0, reportsAlt: first & 4 != 0,
      extra: first & 8 == 0
        ? [:] : [[0x1B, 0x5B, 0x31, 0x7E]: .home, [0x1B, 0x4F, 0x50, 0x51]: .function(12)])
  }
  var whole = decoder()
  var events = whole.feed(rest)
  var dripping = decoder()
  var dripped: [TerminalEvent] = []
  for byte in rest { dripped += dripping.feed([byte]) }
  require(events == dripped, "drip feeding gave other keys:\n\(events)\n\(dripped)")
  events += whole.timeout()
  require(whole.patience == nil, "something is pending after a time-out")
  for event in events {
    guard case .key(.character(let character)) = event else { continue }
    require(
      character.unicodeScalars.allSatisfy { $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value) },
      "a control character as a key: \(events)")
  }
}

/// Text from outside becomes cells that hold nothing a terminal would obey, and as many as were counted.
func fuzzScreen(_ bytes: UnsafeRawBufferPointer) {
  guard let first = bytes.first else { return }
  let text = text(bytes.dropFirst())
  let width = Int(first % 40) + 1
  let cut = TextFit.truncate(text, to: width)
  require(DisplayWidth.of(cut) <= width, "cut too wide: \(cut.debugDescription)")
  for line in TextFit.wrap(text, to: max(width, 2)) {
    require(DisplayWidth.of(line) <= max(width, 2), "wrapped too wide: \(line.debugDescription)")
  }
  require(DisplayWidth.of(TextFit.pad(text, to: width)) == width, "padded to another width")
  var frame = Frame(size: Size(width, 2))
  frame.put(text, at: Point(Int(first >> 6), 0), style: .text)
  var columns = 0
  for cell in frame.cells {
    columns += Int(cell.width)
    cell.forEachScalar { scalar in
      require(
        scalar == DisplayWidth.safe(scalar) && scalar.value >= 0x20 && !(0x7F..<0xA0).contains(scalar.value),
        "a cell holds U+\(String(scalar.value, radix: 16))")
    }
  }
  require(columns == frame.cells.count, "half of a wide character")
}
