import Control
import Fleet

/// Writes the metrics that a snapshot of the fleet tells. Nothing of a device is kept from scrape to scrape, so that
/// one that is no longer in the snapshot takes its series with it.
struct FleetCollector {
  private let snapshot: FleetSnapshot
  private let now: WallTime

  init(_ snapshot: FleetSnapshot, now: WallTime) {
    self.snapshot = snapshot
    self.now = now
  }

  /// Everything.
  func write(to exposition: inout Exposition) {
    let blocks = FleetBlock.blocks(of: snapshot)
    for family in FleetFamily.all {
      exposition.begin(family.description)
      for block in blocks {
        block.write(block.values(family.source, now: now), family.source, to: &exposition)
      }
    }
    writeTotals(to: &exposition)
  }

  /// The device and register series, packed; blocks that are written as last time come from `cache`. `nil`: no
  /// memory for it. A cache is for one format, and an empty fleet has no blocks to
  /// put the headings into.
  func pack(_ format: ExpositionFormat, _ packer: GzipPacker, _ cache: inout PackedBlocks) -> [GzipPart]? {
    let blocks = FleetBlock.blocks(of: snapshot)
    var parts: [GzipPart] = []
    parts.reserveCapacity((blocks.count + 1) * FleetFamily.all.count)
    cache.resize(families: FleetFamily.all.count, blocks: blocks.count)
    for (index, family) in FleetFamily.all.enumerated() {
      for (number, block) in blocks.enumerated() {
        let values = block.values(family.source, now: now)
        let signature = block.signature(values)
        if let known = cache[index, number], known.signature == signature {
          parts.append(known.part)
          continue
        }
        var text = Exposition(format, capacity: 1 << 15)
        text.begin(family.description, heading: number == 0)
        block.write(values, family.source, to: &text)
        guard let part = packer.part(text.bytes) else { return nil }
        cache[index, number] = PackedBlocks.Entry(signature: signature, part: part)
        parts.append(part)
      }
    }
    return parts
  }

  /// What is told of the fleet as a whole.
  func writeTotals(to exposition: inout Exposition) {
    typealias Catalog = MetricCatalog
    exposition.begin(Catalog.managed)
    exposition.sample([], Double(snapshot.devices.count))
    exposition.begin(Catalog.status)
    for status in DeviceStatus.allCases {
      exposition.sample(Labels([("status", status.rawValue)]).rendered, Double(snapshot.totals[status]))
    }
    func flag(_ family: MetricDescription, _ value: Bool) {
      exposition.begin(family)
      exposition.sample([], value ? 1 : 0)
    }
    let gates = snapshot.gates
    flag(Catalog.held, gates.hold != nil)
    flag(Catalog.leader, gates.mode == .control && gates.leadershipUntil != nil)
    flag(Catalog.journal, gates.journalProblem == nil)
    flag(Catalog.source, snapshot.source.state == .good)
    exposition.begin(Catalog.sourceInfo)
    let revision = [("revision", snapshot.source.revision), ("origin", snapshot.source.origin)]
    exposition.sample(Labels(revision).rendered, 1)
    exposition.begin(Catalog.pollLag)
    exposition.sample([], snapshot.health.pollLag.seconds)
    exposition.begin(Catalog.pollRate)
    exposition.sample([], snapshot.health.pollsPerSecond)
    exposition.begin(Catalog.connections)
    exposition.sample([], Double(snapshot.health.connections))
  }
}

/// Packed blocks of the last scrape, by family and block.
struct PackedBlocks {
  struct Entry {
    var signature: Int
    var part: GzipPart
  }

  private var entries: [[Entry?]] = []

  /// Drops what is beyond the fleet's present size.
  mutating func resize(families: Int, blocks: Int) {
    guard entries.count != families || entries.first?.count != blocks else { return }
    entries = (0..<families).map { family in
      let kept = family < entries.count ? entries[family].prefix(blocks) : []
      return Array(kept) + [Entry?](repeating: nil, count: blocks - kept.count)
    }
  }

  subscript(family: Int, block: Int) -> Entry? {
    get { entries[family][block] }
    set { entries[family][block] = newValue }
  }
}
