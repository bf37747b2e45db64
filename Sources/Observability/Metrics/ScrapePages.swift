import Control
import Fleet

/// What scrapers get. Scrapers that come close together share a page, and a packed page is made anew only where
/// something changed: a fleet of ten thousand is a hundred thousand series, of which few move between two scrapes.
actor ScrapePages {
  private struct Page {
    var sequence: UInt64
    var bytes: [UInt8]
  }

  private let registry: MetricRegistry
  private let version: String
  private let packer = GzipPacker()
  private var blocks: [ExpositionFormat: PackedBlocks] = [:]
  private var pages: [ExpositionFormat: Page] = [:]

  init(_ registry: MetricRegistry, version: String) {
    self.registry = registry
    self.version = version
  }

  /// Not packed; for people and for scrapers that do not know gzip.
  nonisolated func plain(_ snapshot: FleetSnapshot?, _ format: ExpositionFormat, now: WallTime) -> [UInt8] {
    var exposition = Exposition(format, capacity: 1 << 16 + (snapshot?.devices.count ?? 0) * 1200)
    if let snapshot { FleetCollector(snapshot, now: now).write(to: &exposition) }
    writeProcess(to: &exposition)
    return exposition.finish()
  }

  /// As a gzip stream. `nil`: there is no memory for it.
  func packed(_ snapshot: FleetSnapshot?, _ format: ExpositionFormat, now: WallTime) -> [UInt8]? {
    if let snapshot, let page = pages[format], page.sequence == snapshot.sequence { return page.bytes }
    // A small page packs better in one piece.
    guard let snapshot, snapshot.devices.count > FleetBlock.size, let packer else {
      return Gzip.compress(plain(snapshot, format, now: now))
    }
    var document = GzipDocument(capacity: pages[format].map { $0.bytes.count + 4096 } ?? 1 << 16)
    var rest = Exposition(format)
    let collector = FleetCollector(snapshot, now: now)
    guard let parts = collector.pack(format, packer, &blocks[format, default: PackedBlocks()]) else {
      return nil
    }
    for part in parts { document.append(part) }
    collector.writeTotals(to: &rest)
    writeProcess(to: &rest)
    guard let last = packer.part(rest.finish()) else { return nil }
    document.append(last)
    let bytes = document.finish()
    pages[format] = Page(sequence: snapshot.sequence, bytes: bytes)
    return bytes
  }

  private nonisolated func writeProcess(to exposition: inout Exposition) {
    exposition.begin(MetricCatalog.buildInfo)
    exposition.sample(Labels([("version", version)]).rendered, 1)
    exposition.begin(MetricCatalog.refusedSeries)
    exposition.sample([], Double(registry.refusedSeries))
    registry.write(to: &exposition)
    ProcessCollector().write(to: &exposition)
  }
}
