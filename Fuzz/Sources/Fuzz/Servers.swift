import Control
import Fleet

@testable import Cluster
@testable import Kubernetes

func fuzzKubeconfig(_ text: String) {
  do throws(KubeconfigError) {
    let file = try Kubeconfig(parsing: text, file: "/h/k")
    for name in file.contexts.keys.sorted().prefix(4) {
      do throws(KubeconfigError) {
        _ = try file.configuration(context: name)
      } catch {
        requireFit(error.description)
      }
    }
  } catch {
    requireFit(error.description)
  }
}

/// What was read and written is read as the same.
func fuzzJSON(_ bytes: [UInt8]) {
  do throws(JSONSyntaxError) {
    let value = try JSONValue(parsing: bytes, limits: .init(depth: 64, values: 10_000))
    let again = try? JSONValue(parsing: value.serialized(), limits: .init(depth: 64, values: 10_000))
    require(again == value, "a value does not survive the trip: \(value)")
  } catch {
    require((0...bytes.count).contains(error.offset), "a place outside of the text")
  }
}

/// The bytes of a watch: in one piece and one by one they are the same lines; each is an event or an error.
func fuzzWatch(_ bytes: [UInt8]) {
  let whole = lines(of: bytes, piece: max(1, bytes.count))
  let dripped = lines(of: bytes, piece: 1)
  require(whole == dripped, "drip feeding found other lines")
  let now = WallTime(milliseconds: 1_800_000_000_000)
  for line in whole ?? [] {
    do throws(WatchLineError) {
      switch try WatchEvent<DynamicObject>(line: line, target: "t") {
      case .added(let object)?, .modified(let object)?, .deleted(let object)?:
        let resource = PLCResource(object)
        for problem in resource.problems { requireFit(problem) }
        _ = resource.counters
        _ = PLCReading(object, at: now)
        _ = Hold(configMap: object, at: now)
      case .error(let error)?: requireFit(error.description)
      case .undecodable, .bookmark, nil: break
      }
      _ = try WatchEvent<CoreEvent>(line: line, target: "t").map(fuzzCoreEvent)
      _ = try WatchEvent<Lease>(line: line, target: "t")
    } catch {
      _ = error.description
    }
  }
}

private func fuzzCoreEvent(_ event: WatchEvent<CoreEvent>) {
  guard case .added(let event) = event else { return }
  _ = FleetEvent(event)
}

/// `nil`: a line that is too long.
private func lines(of bytes: [UInt8], piece: Int) -> [[UInt8]]? {
  var splitter = LineSplitter(limit: 3000)
  var lines: [[UInt8]] = []
  var rest = bytes[...]
  while !rest.isEmpty {
    do {
      try splitter.feed(rest.prefix(piece)) { lines.append($0) }
    } catch {
      return nil
    }
    rest = rest.dropFirst(piece)
  }
  return lines
}

func fuzzAdmission(_ bytes: [UInt8]) {
  guard let body = try? JSONValue(parsing: bytes, limits: .init(depth: 64, values: 10_000)),
    let verdict = try? AdmissionReview.judge(body)
  else { return }
  for text in verdict.errors + verdict.warnings { requireFit(text) }
  require(verdict.answer["response"]?["uid"]?.stringValue == verdict.uid, "an answer to another request")
}

/// The read-only stream of another process, and what an attached screen makes of it.
func fuzzStream(_ bytes: [UInt8]) {
  var at = Moment(
    instant: Instant(nanoseconds: 1_000_000_000), wall: WallTime(milliseconds: 1_800_000_000_000))
  var site = SiteBook(name: "s", prefix: nil, hasCluster: false, at: at)
  site.beginFeed("f", at: at)
  var book = FleetBook([site], at: at)
  for line in bytes.split(separator: UInt8(ascii: "\n")).prefix(64) {
    at.instant = at.instant + .milliseconds(100)
    guard let line = try? FleetLine(Array(line)) else { continue }
    try? book.take(line, from: "f", of: "s", at: at)
  }
  let lean = book.snapshot(at: at)
  require(lean.rereads.isEmpty || lean.rereads.count == lean.devices.count, "readings of other devices")
  let snapshot = lean.complete
  for device in snapshot.devices {
    let asked = book.place(of: device.id)?.site.device(device.id)?.view
    require(
      asked?.lastRead == device.view.lastRead
        && asked?.registers.map(\.rawWords) == device.view.registers.map(\.rawWords),
      "what is asked of a device is not what is shown")
  }
  at.instant = at.instant + .seconds(3600)
  _ = book.snapshot(at: at)
  if let json = try? JSONValue(parsing: bytes, limits: .init(depth: 16, values: 10_000)) {
    _ = try? DeviceHistory(reported: json)
    _ = ReportedProvenance.read(json)
  }
}
