import CZlib
import Control
import Fleet
import Testing

@testable import Observability

@Suite struct ScrapePagesTests {
  private func pages() -> ScrapePages { ScrapePages(MetricRegistry(catalog: []), version: "1.2.3") }

  private func fleet(_ count: Int, sequence: UInt64 = 1, moved: Set<Int> = []) -> FleetSnapshot {
    snapshot(
      (0..<count).map { number in
        let value = moved.contains(number) ? 71.0 : 72.5
        return device(
          "line-\(1000 + number)",
          registers: [register("setpoint", desired: .real(72.5), actual: .real(value), inSync: value == 72.5)]
        )
      }, sequence: sequence)
  }

  /// Lines that say the same at each scrape.
  private func lasting(_ text: String) -> [Substring] {
    text.split(separator: "\n").filter { !$0.contains("process_") }
  }

  @Test(arguments: [ExpositionFormat.text, .openMetrics])
  func aPackedPageSaysWhatAPlainOneSays(_ format: ExpositionFormat) async throws {
    let pages = pages()
    for (sequence, count, moved) in [
      (1, 700, []), (2, 700, [3, 699]), (3, 300, [5]), (4, 0, []), (5, 701, [700]),
    ] {
      let fleet = fleet(count, sequence: UInt64(sequence), moved: Set(moved))
      let packed = try #require(await pages.packed(fleet, format, now: noon))
      let plain = pages.plain(fleet, format, now: noon)
      let unpacked = try #require(gunzip(packed))
      #expect(lasting(unpacked) == lasting(String(decoding: plain, as: UTF8.self)), "snapshot \(sequence)")
    }
  }

  @Test func onlyWhatChangedIsPackedAnew() throws {
    let packer = try #require(GzipPacker())
    var cache = PackedBlocks()
    _ = try #require(FleetCollector(fleet(600), now: noon).pack(.text, packer, &cache))
    let before = signatures(cache, blocks: 3)
    _ = try #require(
      FleetCollector(fleet(600, sequence: 2, moved: [300]), now: noon).pack(.text, packer, &cache))
    let after = signatures(cache, blocks: 3)
    let changed = before.indices.filter { before[$0] != after[$0] }
    // The second block of two families: the value, and whether it is in sync.
    #expect(changed.count == 2 && changed.allSatisfy { $0 % 3 == 1 })
  }

  private func signatures(_ cache: PackedBlocks, blocks: Int) -> [Int?] {
    FleetFamily.all.indices.flatMap { family in (0..<blocks).map { cache[family, $0]?.signature } }
  }

  @Test func devicesOfOneNameAndAnotherRegisterAreToldApart() {
    let one = FleetBlock([device("a", registers: [register("x", actual: .integer(1))])])
    let two = FleetBlock([device("a", registers: [register("y", actual: .integer(1))])])
    let three = FleetBlock([device("a", namespace: "b", registers: [register("x", actual: .integer(1))])])
    #expect(one.signature([1]) != two.signature([1]) && one.signature([1]) != three.signature([1]))
    #expect(one.signature([1]) == one.signature([1]) && one.signature([1]) != one.signature([nil]))
  }

  @Test func scrapersThatComeTogetherShareAPage() async throws {
    let pages = pages()
    let first = try #require(await pages.packed(fleet(300), .text, now: noon))
    let same = try #require(await pages.packed(fleet(310), .text, now: noon + .seconds(5)))
    #expect(first == same)
    let other = try #require(await pages.packed(fleet(310, sequence: 2), .text, now: noon))
    #expect(first != other)
  }

  @Test func aStaleValueIsAGapAndNotAFlatLine() throws {
    let registers = [register("setpoint", desired: .real(72.5), actual: .real(70), inSync: false)]
    var exposition = Exposition(.text)
    let stale = device("line-1", phase: .failed, status: .stale, registers: registers) { $0.stale = true }
    FleetCollector(snapshot([stale]), now: noon).write(to: &exposition)
    let text = String(decoding: exposition.finish(), as: UTF8.self)
    #expect(!text.contains("\nregister_value{"))
    #expect(text.contains("\nfabgitops_register_desired_value{") && text.contains("\nfabgitops_stale{"))
    #expect(
      text.contains(
        "\nfabgitops_register_in_sync{plc_name=\"line-1\",namespace=\"default\",register=\"setpoint\"} 0\n"))
  }

  @Test func partsMakeAWholeStream() throws {
    let packer = try #require(GzipPacker())
    let texts = ["", "a", String(repeating: "register_value{plc=\"x\"} 1\n", count: 5000), "\u{0}\u{1}", ""]
    var document = GzipDocument()
    for text in texts { document.append(try #require(packer.part(Array(text.utf8)))) }
    #expect(gunzip(document.finish()) == texts.joined())
    #expect(gunzip(GzipDocument().finish()) == "")
  }
}

/// Unpacks one gzip stream whole, check sum and all; `nil`: it is broken or something follows it.
func gunzip(_ bytes: [UInt8]) -> String? {
  var stream = z_stream()
  guard czlib_gunzip_begin(&stream) == Z_OK else { return nil }
  defer { inflateEnd(&stream) }
  var input = bytes
  var output = [UInt8](repeating: 0, count: 16 << 20)
  let status = input.withUnsafeMutableBufferPointer { source in
    output.withUnsafeMutableBufferPointer { target in
      stream.next_in = source.baseAddress
      stream.avail_in = UInt32(clamping: source.count)
      stream.next_out = target.baseAddress
      stream.avail_out = UInt32(clamping: target.count)
      return inflate(&stream, Z_FINISH)
    }
  }
  guard status == Z_STREAM_END, stream.avail_in == 0 else { return nil }
  return String(decoding: output.prefix(Int(stream.total_out)), as: UTF8.self)
}
