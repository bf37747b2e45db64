import Control
import Fleet
import Kubernetes
import Testing

@testable import Cluster

@Suite struct FleetBookTests {
  private let start = Moment(
    instant: Instant(nanoseconds: 0), wall: WallTime(milliseconds: 1_800_000_000_000))

  private func after(_ seconds: Int) -> Moment {
    Moment(instant: start.instant + .seconds(seconds), wall: start.wall + .seconds(seconds))
  }

  private func book(_ names: String...) -> FleetBook {
    FleetBook(
      names.map { SiteBook(name: $0, prefix: names.count > 1 ? $0 : nil, hasCluster: true, at: start) },
      at: start)
  }

  private func plc(_ name: String, actual: Int, at time: WallTime, handled: String? = nil) throws
    -> DynamicObject
  {
    var status: JSONValue = [
      "phase": "Connected", "lastUpdate": .string(time.rfc3339), "message": "told",
      "registers": [
        [
          "name": "holding-4001", "desired": 2500, "actual": .integer(Int64(actual)),
          "inSync": .bool(actual == 2500), "lastReadTime": .string(time.rfc3339),
        ]
      ],
    ]
    status["lastHandledSyncRequest"] = handled.map { .string($0) }
    return try DynamicObject(json: [
      "apiVersion": "fabgitops.io/v1", "kind": "IndustrialPLC",
      "metadata": ["name": .string(name), "namespace": "default"],
      "spec": [
        "deviceAddress": "192.0.2.1", "targetRegister": 4001, "targetValue": 2500, "pollIntervalSecs": 1,
      ],
      "status": status,
    ])
  }

  private func live(_ name: String, actual: Double, at time: WallTime) -> FleetLine {
    let device = Shown.device(name, desired: .real(2500), actual: .real(actual), at: time)
    return .device(ReportedDevice(spec: device.spec, view: device.view))
  }

  private func forbidden(_ verb: String, _ target: String) -> ClientError {
    .refused(
      StatusError(
        reason: .forbidden(verb: verb, target: target), code: 403, message: "no", verb: verb, target: target))
  }

  @Test func theNewerOfStatusAndStreamIsShown() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2400, at: start.wall), of: "a", at: start)
    book.change("a") { site in
      site.endList()
      site.beginFeed("op", at: start)
    }
    var seen = book.snapshot(at: after(1))
    #expect(seen.devices[0].view.registers[0].actual == .integer(2400))
    try book.take(live("x", actual: 2500, at: after(2).wall), from: "op", of: "a", at: after(2))
    seen = book.snapshot(at: after(2))
    #expect(seen.devices[0].view.registers[0].actual == .real(2500) && seen.totals[.inSync] == 1)
    // The stream is gone; the status goes on.
    book.change("a") { $0.turn(feed: "op", .lost("cut"), at: after(3)) }
    book.upsert(try plc("x", actual: 2300, at: after(30).wall), of: "a", at: after(30))
    seen = book.snapshot(at: after(31))
    #expect(seen.devices[0].view.registers[0].actual == .integer(2300))
    #expect(seen.devices[0].view.status == .drifted)
  }

  @Test func readsThatFitNothingEndTheStream() throws {
    var book = book("a")
    book.change("a") { $0.beginFeed("op", at: start) }
    func reads(_ number: Int, _ words: [Rereading.Words] = []) -> FleetLine {
      .reads([NumberedReading(number: number, reading: Rereading(at: after(2).wall, words: words))])
    }
    let told = Shown.device("x", desired: .real(72.5), actual: .real(72.5), at: start.wall)
    let line = FleetLine.device(ReportedDevice(spec: told.spec, view: told.view), number: 4)
    #expect(throws: FleetLineError.self) {
      try book.take(reads(4), from: "op", of: "a", at: after(1))
    }
    try book.take(line, from: "op", of: "a", at: after(1))
    try book.take(reads(4), from: "op", of: "a", at: after(2))
    #expect(book.snapshot(at: after(2)).devices[0].view.lastRead == after(2).wall)
    #expect(throws: FleetLineError.self) {
      try book.take(
        reads(4, [.init(register: 9, words: [1])]), from: "op", of: "a", at: after(3))
    }
    // Numbers are those of one stream.
    book.change("a") { $0.beginFeed("op", at: after(4)) }
    #expect(throws: FleetLineError.self) {
      try book.take(reads(4), from: "op", of: "a", at: after(4))
    }
  }

  @Test func whatIsOnlyReadAgainStaysTheSameObject() throws {
    var book = FleetBook([SiteBook(name: "a", prefix: nil, hasCluster: false, at: start)], at: start)
    book.change("a") { $0.beginFeed("op", at: start) }
    for number in 0..<3 {
      let device = Shown.device("d\(number)", at: start.wall)
      let line = FleetLine.device(ReportedDevice(spec: device.spec, view: device.view), number: number)
      try book.take(line, from: "op", of: "a", at: start)
    }
    try book.take(.synced, from: "op", of: "a", at: start)
    let first = book.snapshot(at: start)
    for second in 1...5 {
      let readings = (0..<3).map {
        NumberedReading(number: $0, reading: Rereading(at: after(second).wall))
      }
      try book.take(.reads(readings), from: "op", of: "a", at: after(second))
      let next = book.snapshot(at: after(second))
      #expect(zip(first.devices, next.devices).allSatisfy { $0 === $1 }, "second \(second)")
      #expect(next.rereads == (0..<3).map { _ in Reread(times: Int32(second), at: after(second).wall) })
    }
  }

  /// What has not been shown yet is not what a reading repeats.
  @Test func aReadingRightAfterAChangeIsOneOfTheNewValue() throws {
    var book = FleetBook([SiteBook(name: "a", prefix: nil, hasCluster: false, at: start)], at: start)
    book.change("a") { $0.beginFeed("op", at: start) }
    func tell(_ actual: Double, _ second: Int) throws {
      let device = Shown.device("d", actual: .real(actual), at: after(second).wall)
      let line = FleetLine.device(ReportedDevice(spec: device.spec, view: device.view), number: 0)
      try book.take(line, from: "op", of: "a", at: after(second))
    }
    func read(_ second: Int, _ words: [Rereading.Words] = []) throws {
      let reading = Rereading(at: after(second).wall, words: words)
      try book.take(
        .reads([NumberedReading(number: 0, reading: reading)]), from: "op", of: "a", at: after(second))
    }
    try tell(72.5, 0)
    _ = book.snapshot(at: after(0))
    try tell(60, 1)
    try read(2)
    _ = book.snapshot(at: after(2))
    try read(3, [.init(register: 0, words: [0, 0x4291])])
    try read(4)
    _ = book.snapshot(at: after(4))
    let query = HistoryQuery(
      devices: [], from: after(0).wall, to: after(9).wall, maxPoints: 100)
    let samples = book.sites[0].history(DeviceID(name: "d"), query)?.samples ?? []
    #expect(samples.map(\.at) == [0, 2, 4].map { after($0).wall })
    #expect(samples.map(\.mean) == [72.5, 60, 36.25])
  }

  /// A stream that is told briefly comes to the same as one that is told in full, whatever happens in between.
  @Test(arguments: [21, 22, 23, 24, 25, 26] as [UInt64]) func briefIsTheSameAsFull(seed: UInt64) throws {
    var dice = SeededGenerator(seed: seed)
    var (brief, full) = (book("a"), book("a"))
    var told: [DeviceID: DeviceSnapshot] = [:]
    var numbers: [DeviceID: Int] = [:]
    var next = 0
    let hasCluster = seed % 2 == 0
    func both(_ change: (inout SiteBook) -> Void) {
      brief.change("a", change)
      full.change("a", change)
    }
    func tell(_ device: DeviceSnapshot, at now: Moment) throws {
      let id = device.id
      if let before = told[id], let number = numbers[id], let reading = Rereading(from: before, to: device) {
        try brief.take(
          .reads([NumberedReading(number: number, reading: reading)]), from: "op", of: "a", at: now)
      } else {
        if numbers[id] == nil {
          numbers[id] = next
          next += 1
        }
        let line = FleetLine.device(
          ReportedDevice(spec: device.spec, view: device.view), number: numbers[id])
        try brief.take(line, from: "op", of: "a", at: now)
      }
      try full.take(
        .device(ReportedDevice(spec: device.spec, view: device.view)), from: "op", of: "a", at: now)
      told[id] = device
    }
    both { site in
      if hasCluster { site.endList() }
      site.beginFeed("op", at: start)
    }
    var kept = 0
    for second in 1...150 {
      let now = after(second)
      switch Int.random(in: 0..<30, using: &dice) {
      case 0:
        both { $0.turn(feed: "op", .lost("cut"), at: now) }
      case 1, 2:
        both { $0.beginFeed("op", at: now) }
        (told, numbers, next) = ([:], [:], 0)
      case 3:
        let id = DeviceID(name: "d\(Int.random(in: 0..<6, using: &dice))")
        if told.removeValue(forKey: id) != nil {
          numbers[id] = nil
          try brief.take(.removed(id), from: "op", of: "a", at: now)
          try full.take(.removed(id), from: "op", of: "a", at: now)
        }
      case 4 where hasCluster:
        let object = try plc("d\(Int.random(in: 0..<6, using: &dice))", actual: 2400, at: now.wall)
        brief.upsert(object, of: "a", at: now)
        full.upsert(object, of: "a", at: now)
      case 5 where hasCluster:
        both { $0.delete(DeviceID(name: "d3")) }
      default:
        for number in 0..<6 where Int.random(in: 0..<5, using: &dice) > 0 {
          let value = Int.random(in: 0..<6, using: &dice) == 0 ? 0x4292 : 0x4291 as UInt16
          let drifted = Int.random(in: 0..<12, using: &dice) == 0
          try tell(
            Shown.device("d\(number)", actual: .real(drifted ? 60 : 72.5), at: now.wall) { spec, view in
              view.registers[0].rawWords = [0, value]
              view.registers[0].actual = RegisterCodec.decode([0, value], as: spec.registers[0])
            }, at: now)
        }
      }
      let lean = brief.snapshot(at: now)
      let (a, b) = (lean.complete, full.snapshot(at: now))
      kept += lean.rereads.count { $0.times > 0 }
      #expect(a.devices.map(\.view) == b.devices.map(\.view), "seed \(seed), second \(second)")
      #expect(a.devices.map(\.spec) == b.devices.map(\.spec))
      #expect(a.devices.map(\.trend) == b.devices.map(\.trend), "seed \(seed), second \(second)")
      #expect(a.devices.map(\.since) == b.devices.map(\.since))
      for device in a.devices {
        let query = HistoryQuery(devices: [device.id], from: start.wall, to: now.wall, maxPoints: 1000)
        let pasts = [brief, full].map { $0.place(of: device.id)?.site.history(device.id, query) }
        #expect(pasts[0]?.samples == pasts[1]?.samples, "seed \(seed), second \(second)")
        #expect(brief.place(of: device.id)?.site.device(device.id)?.view == device.view)
      }
    }
    #expect(kept > 50, "most readings make no new object")
  }

  @Test func readsAreToldByNumberAndMilliseconds() throws {
    let line = #"""
      {"type":"reads","at":"2026-01-02T03:04:05.500Z","devices":[7,-250,8,0],"words":[[8,1,65535,0],[8,0,3]]}
      """#
    guard case .reads(let readings) = try FleetLine(Array(line.utf8)) else { return #expect(Bool(false)) }
    let at = try #require(WallTime(rfc3339: "2026-01-02T03:04:05.500Z"))
    #expect(
      readings == [
        NumberedReading(number: 7, reading: Rereading(at: at + .milliseconds(-250))),
        NumberedReading(
          number: 8,
          reading: Rereading(
            at: at, words: [.init(register: 1, words: [65535, 0]), .init(register: 0, words: [3])])),
      ])
    let bad = [
      #"{"type":"reads","devices":[]}"#, #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,"x"]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,9223372036854775807]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,-9223372036854775808]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,1],"words":[[7]]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,1],"words":[[7,0,65536]]}"#,
      #"{"type":"reads","at":"2026-01-02T03:04:05Z","devices":[7,1],"words":[7]}"#,
    ]
    for text in bad {
      #expect(throws: FleetLineError.self, "\(text)") { try FleetLine(Array(text.utf8)) }
    }
  }

  @Test func whatNobodyRenewsIsShownAsStaleAndNotAsAValue() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2500, at: start.wall), of: "a", at: start)
    book.change("a") { $0.endList() }
    #expect(book.snapshot(at: after(100)).totals[.inSync] == 1, "status is renewed once a minute")
    let old = book.snapshot(at: after(130))
    #expect(old.totals[.stale] == 1)
    book.upsert(try plc("x", actual: 2500, at: after(131).wall), of: "a", at: after(131))
    #expect(book.snapshot(at: after(132)).totals[.inSync] == 1)
  }

  @Test func aStatusThatWasOldWhenFoundIsStaleAtOnce() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2500, at: start.wall + .seconds(-3600)), of: "a", at: start)
    book.change("a") { $0.endList() }
    #expect(book.snapshot(at: after(1)).totals[.stale] == 1)
  }

  @Test func aLiveStreamThatFallsSilentGrowsOldToo() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2500, at: start.wall), of: "a", at: start)
    book.change("a") { site in
      site.endList()
      site.beginFeed("op", at: start)
    }
    try book.take(live("x", actual: 2500, at: after(1).wall), from: "op", of: "a", at: after(1))
    book.change("a") { $0.turn(feed: "op", .lost("cut"), at: after(2)) }
    #expect(book.snapshot(at: after(3)).totals[.inSync] == 1)
    #expect(book.snapshot(at: after(20)).totals[.stale] == 1)
  }

  @Test func devicesOfSeveralClustersStandBesideEachOther() throws {
    var book = book("b", "a")
    for site in ["a", "b"] {
      book.upsert(try plc("x", actual: site == "a" ? 2500 : 2400, at: start.wall), of: site, at: start)
      book.change(site) { $0.endList() }
    }
    let seen = book.snapshot(at: after(1))
    #expect(seen.devices.map(\.id.description) == ["a/default/x", "b/default/x"])
    #expect(seen.devices[1].spec.labels.contains(.init(key: "cluster", value: "b")))
    #expect(seen.source.origin == "a, b" && seen.source.state == .good)
    book.change("b") {
      $0.lose(.transport(TransportFailure(.connect, server: "https://b", message: "refused")), at: after(2))
    }
    let half = book.snapshot(at: after(62))
    #expect(half.source.state == .good, "one of two away is a problem, not the end")
    #expect(half.devices.count == 2)
    #expect(half.health.problems.contains { $0.hasPrefix("b: unreachable for 6") && $0.contains("refused") })
  }

  @Test func aMissingPermissionIsNamed() {
    var book = book("a")
    book.change("a") { $0.lose(forbidden("list", "industrialplcs.fabgitops.io"), at: start) }
    guard case .unavailable(let reason, _) = book.snapshot(at: after(1)).source.state else {
      Issue.record("not unavailable")
      return
    }
    #expect(reason.contains("needs permission to list industrialplcs.fabgitops.io") && reason.contains("-n"))
    book.change("a") { site in
      site.hear(at: after(2))
      site.endList()
      site.eventContact.fail(forbidden("list", "events"), at: after(2))
      site.turn(
        feed: "op", Contact.state(for: forbidden("get", "services/proxy \"op:http\"")), at: after(2))
    }
    let problems = book.snapshot(at: after(3)).health.problems
    #expect(
      problems == [
        "events are missing: needs permission to list events",
        "values are as fresh as status (up to 1 min): needs permission to get services/proxy \"op:http\"",
      ])
  }

  @Test func theAPIServerGoesAndNothingIsCleared() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2500, at: start.wall), of: "a", at: start)
    book.change("a") { $0.endList() }
    _ = book.snapshot(at: after(1))
    book.change("a") {
      $0.lose(.transport(TransportFailure(.broken, server: "https://a", message: "gone")), at: after(10))
    }
    let seen = book.snapshot(at: after(11))
    #expect(seen.devices.count == 1)
    #expect(
      seen.source.state
        == .unavailable(reason: "connection to https://a broke: gone", since: start.wall), "since last heard")
  }

  @Test func anAnswerToTheProbeMakesAFailedListNoBetter() {
    var book = book("a")
    book.change("a") { site in
      site.hear(at: start)
      site.endList()
      site.probed(
        .transport(TransportFailure(.timeout, server: "https://a", message: "nothing was heard")),
        at: after(20))
    }
    guard case .unavailable = book.snapshot(at: after(20)).source.state else {
      Issue.record("a dead link looks like one on which nothing happens")
      return
    }
    book.change("a") { $0.probed(nil, at: after(30)) }
    #expect(book.snapshot(at: after(30)).source.state == .good)
    book.change("a") { site in
      site.lose(forbidden("list", "industrialplcs.fabgitops.io"), at: after(40))
      site.probed(nil, at: after(50))
    }
    guard case .unavailable(let reason, _) = book.snapshot(at: after(50)).source.state else {
      Issue.record("it may not list, but says that all is well")
      return
    }
    #expect(reason.contains("permission"))
  }

  @Test func anAbsentDeviceIsForgottenWhenTheListIsComplete() throws {
    var book = book("a")
    for name in ["x", "y"] {
      book.upsert(try plc(name, actual: 2500, at: start.wall), of: "a", at: start)
    }
    book.change("a") { $0.endList() }
    #expect(book.snapshot(at: after(1)).devices.count == 2)
    book.change("a") { $0.beginList() }
    book.upsert(try plc("y", actual: 2500, at: start.wall), of: "a", at: after(2))
    #expect(book.snapshot(at: after(2)).devices.count == 2, "the list is not complete")
    book.change("a") { $0.endList() }
    #expect(book.snapshot(at: after(3)).devices.map(\.id.name) == ["y"])
  }

  @Test func clocksThatDisagreeAreTold() throws {
    var book = book("a")
    book.change("a") { site in
      site.hear(at: start)
      site.endList()
      site.beginFeed("op", at: start)
    }
    let json: JSONValue = [
      "type": "fleet", "at": .string((start.wall + .seconds(180)).rfc3339), "mode": "control",
      "gates": ["leading": true],
    ]
    try book.take(.fleet(FleetHeader(json)), from: "op", of: "a", at: start)
    let problems = book.snapshot(at: start).health.problems
    #expect(problems == ["this machine's clock is 3 min behind the operator's: ages shown are wrong by that"])
  }

  @Test func aSyncIsUnderWayUntilTheStatusEchoesIt() throws {
    var book = book("a")
    book.upsert(try plc("x", actual: 2400, at: start.wall), of: "a", at: start)
    book.change("a") { $0.endList() }
    let view = book.snapshot(at: after(1)).devices[0].view
    let id = DeviceID(name: "x")
    let receipt = book.syncs.begin([id], by: "anna", at: after(1).wall)
    book.syncs.asked(receipt, id, token: "t1", view: view, at: after(1).wall)
    book.upsert(try plc("x", actual: 2400, at: after(2).wall, handled: "t0"), of: "a", at: after(2))
    #expect(book.snapshot(at: after(2)).operations.last?.state == .running)
    book.upsert(try plc("x", actual: 2500, at: after(3).wall, handled: "t1"), of: "a", at: after(3))
    let done = book.snapshot(at: after(3)).operations.last
    #expect(done?.state == .done && done?.lines.first?.result?.outcome == .corrected)
    let late = book.syncs.begin([id], by: "anna", at: after(3).wall)
    book.syncs.asked(late, id, token: "t2", view: view, at: after(3).wall)
    let failed = book.snapshot(at: after(200)).operations.last
    guard case .failed(let why)? = failed?.lines.first?.result?.outcome else {
      Issue.record("\(String(describing: failed))")
      return
    }
    #expect(failed?.state == .done && why.contains("no operator has acted on it"))
  }
}
