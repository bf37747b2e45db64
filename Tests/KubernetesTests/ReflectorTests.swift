import Testing

@testable import Kubernetes

private typealias Machine = Reflector<DynamicObject>

private func object(_ name: String, _ version: Int, uid: String? = nil) throws -> DynamicObject {
  try DynamicObject(json: JSONValue(parsing: objectJSON(name, version: version, uid: uid)))
}

private func page(_ objects: [DynamicObject], _ version: String, token: String? = nil) -> ListPage<
  DynamicObject
> {
  ListPage(items: objects, resourceVersion: version, continueToken: token)
}

private func words(_ actions: [Machine.Action]) -> [String] {
  actions.map { action in
    switch action {
    case .list(let limit, let token): return "list \(limit ?? 0) \(token ?? "-")"
    case .watch(let version, _): return "watch \(version)"
    case .closeWatch: return "close"
    case .wait: return "wait"
    case .upsert(let object):
      return "upsert \(object.metadata.name ?? "") \(object.metadata.resourceVersion ?? "")"
    case .delete(let key, let uid): return "delete \(key.name) \(uid ?? "")"
    case .undecodable(let failure): return "undecodable \(failure.key.name)"
    case .synced(let version): return "synced \(version)"
    case .troubled(let error): return "troubled \(error)"
    case .recovered: return "recovered"
    }
  }
}

private func gone() -> ClientError {
  .refused(StatusError(status: APIStatus(reason: "Expired", code: 410), code: 410, verb: "list", target: "t"))
}

private let broken = ClientError.transport(TransportFailure(.broken, server: "s", message: "cut"))

@Suite struct ReflectorTests {
  private var machine = Machine(configuration: .init(pageSize: 2), seed: 1)
  private var now = MonotonicInstant(nanoseconds: 0)

  private mutating func step(_ input: Machine.Input, after seconds: Int = 5) -> [String] {
    now = now.advanced(by: .seconds(seconds))
    return words(machine.step(input, at: now))
  }

  private mutating func synced(_ names: [String] = ["a", "b"], version: Int = 10) throws {
    _ = step(.start)
    _ = step(.page(page(try names.map { try object($0, 1) }, "\(version)")))
    _ = step(.watchOpened)
  }

  @Test mutating func pagesThenWatches() throws {
    #expect(step(.start) == ["list 2 -"])
    #expect(
      step(.page(page([try object("a", 1), try object("b", 1)], "10", token: "t"))) == [
        "upsert a 1", "upsert b 1", "list 2 t",
      ])
    #expect(step(.page(page([try object("c", 1)], "10"))) == ["upsert c 1", "synced 10", "watch 10"])
    #expect(step(.watchOpened) == [])
    #expect(step(.event(.modified(try object("a", 11)))) == ["upsert a 11"])
    #expect(step(.event(.bookmark(resourceVersion: "15"))) == [])
    #expect(step(.watchEnded) == ["watch 15"])
  }

  @Test mutating func aRelistFindsWhatTheWatchMissed() throws {
    try synced(["a", "b", "c"])
    #expect(step(.failed(gone())) == ["list 2 -"])
    #expect(
      step(.page(page([try object("a", 1), try object("c", 9)], "20", token: "t"))) == [
        "upsert c 9", "list 2 t",
      ])
    #expect(
      step(.page(page([try object("d", 8)], "20"))) == ["upsert d 8", "delete b b", "synced 20", "watch 20"])
  }

  @Test mutating func aListCutHalfWayDeletesNothing() throws {
    try synced(["a", "b", "c"])
    _ = step(.event(.error(StatusError(status: APIStatus(code: 410), code: 410, verb: "watch", target: "t"))))
    _ = step(.page(page([try object("a", 1)], "20", token: "t")))
    #expect(step(.failed(broken)) == ["troubled connection to s broke: cut", "wait"])
    #expect(step(.timer, after: 60) == ["list 2 -"])
    let all = [try object("a", 1), try object("b", 1), try object("c", 1)]
    #expect(step(.page(page(all, "21"))) == ["recovered", "synced 21", "watch 21"])
  }

  @Test mutating func anExpiredPageIsAskedForInOneAnswer() throws {
    _ = step(.start)
    _ = step(.page(page([try object("a", 1)], "10", token: "t")))
    #expect(step(.failed(gone())) == ["list 0 -"])
    #expect(step(.page(page([try object("a", 1)], "12"))) == ["synced 12", "watch 12"])
  }

  @Test mutating func aSuccessorUnderTheSameNameIsADeleteAndAnUpsert() throws {
    try synced(["a"])
    _ = step(.failed(gone()))
    #expect(
      step(.page(page([try object("a", 30, uid: "second")], "40"))) == [
        "delete a a", "upsert a 30", "synced 40", "watch 40",
      ])
    _ = step(.watchOpened)
    #expect(step(.event(.deleted(try object("a", 41, uid: "a")))) == [])
    #expect(step(.event(.deleted(try object("a", 42, uid: "second")))) == ["delete a second"])
  }

  @Test mutating func repetitionsAreNotAnnouncedTwice() throws {
    try synced(["a"])
    #expect(step(.event(.added(try object("a", 1)))) == [])
    #expect(step(.event(.deleted(try object("zzz", 3)))) == [])
  }

  @Test mutating func aWatchResumesWhereItWasAfterACut() throws {
    try synced(["a"])
    _ = step(.event(.modified(try object("a", 17))))
    #expect(step(.failed(broken)) == ["troubled connection to s broke: cut", "wait"])
    #expect(step(.timer, after: 60) == ["watch 17"])
    #expect(step(.failed(broken)) == ["wait"])
    #expect(step(.timer, after: 60) == ["watch 17"])
    #expect(step(.watchOpened) == ["recovered"])
  }

  @Test mutating func waitsGrowAndTimersMayComeEarly() throws {
    try synced(["a"])
    var waits: [Duration] = []
    for _ in 0..<10 {
      let actions = machine.step(.failed(broken), at: now)
      guard case .wait(let until)? = actions.last else { return fail("\(actions)") }
      waits.append(now.duration(to: until))
      #expect(words(machine.step(.timer, at: now)) == ["wait"])
      now = until
      #expect(words(machine.step(.timer, at: now)) == ["watch 10"])
    }
    #expect(waits[0] < .seconds(2) && waits[9] > .seconds(14) && waits[9] <= .seconds(45))
  }

  @Test mutating func aServerThatForgetsAtOnceIsNotAskedInATightLoop() throws {
    try synced(["a"])
    var lists = 0
    let end = now.advanced(by: .seconds(60))
    var pending = machine.step(.failed(gone()), at: now)
    while now < end {
      switch pending.last {
      case .list:
        lists += 1
        pending = machine.step(.page(page([try object("a", 1)], "10")), at: now)
      case .watch: pending = machine.step(.failed(gone()), at: now)
      case .wait(let until):
        now = until
        pending = machine.step(.timer, at: now)
      default: return fail("\(pending)")
      }
    }
    #expect(lists < 20)
  }

  @Test mutating func aServerThatEndsWatchesAtOnceIsNotAskedInATightLoop() throws {
    try synced(["a"])
    #expect(step(.watchEnded, after: 0) == ["wait"])
  }

  @Test mutating func endlessListsAreRefused() throws {
    var machine = Machine(configuration: .init(pageSize: 2, maxObjects: 3), seed: 1)
    _ = machine.step(.start, at: now)
    _ = machine.step(.page(page([try object("a", 1), try object("b", 1)], "1", token: "t")), at: now)
    let actions = machine.step(
      .page(page([try object("c", 1), try object("d", 1)], "1", token: "t")), at: now)
    #expect(words(actions).suffix(2) == ["troubled the list has more than 3 objects", "wait"])
    var other = Machine(configuration: .init(pageSize: 2), seed: 1)
    _ = other.step(.start, at: now)
    let empty = other.step(.page(page([], "1", token: "t")), at: now)
    #expect(words(empty).last == "wait")
  }

  @Test mutating func undecodableObjectsExistAndAreDeletedLikeOthers() throws {
    try synced(["a"])
    var failure = UndecodableObject(
      key: ObjectKey(namespace: "a", name: "a"), uid: "a", resourceVersion: "5", reason: "r", json: nil)
    #expect(step(.event(.undecodable(failure))) == ["undecodable a"])
    #expect(step(.event(.undecodable(failure))) == [])
    failure.isDeletion = true
    #expect(step(.event(.undecodable(failure))) == ["delete a a"])
  }
}

/// A store with history, a server over it that fails in every way, and the machine between.
@Suite struct ReflectorSimulationTests {
  private struct World {
    var objects: [String: (version: Int, uid: String)] = [:]
    var history: [(version: Int, type: String, name: String, uid: String)] = []
    var version = 1
    var compacted = 0
    var births = 0

    mutating func change(_ generator: inout SeededGenerator) {
      version += 1
      let name = "o\(Int.random(in: 0..<12, using: &generator))"
      if let existing = objects[name] {
        if Bool.random(using: &generator) {
          objects[name] = nil
          history.append((version, "DELETED", name, existing.uid))
        } else {
          objects[name] = (version, existing.uid)
          history.append((version, "MODIFIED", name, existing.uid))
        }
      } else {
        births += 1
        objects[name] = (version, "u\(births)")
        history.append((version, "ADDED", name, "u\(births)"))
      }
    }
  }

  /// After any sequence of changes, cuts, expiries and compactions, once the faults stop, what the machine
  /// has announced is exactly what there is; and it never announces a delete of what it has not announced.
  @Test func convergesWithoutMissedDeletes() throws {
    let base = UInt64.random(in: 0 ... .max)
    for offset in 0..<150 {
      try run(seed: base &+ UInt64(offset))
    }
  }

  private func run(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    var world = World()
    var machine = Machine(configuration: .init(pageSize: 3), seed: seed)
    var now = MonotonicInstant(nanoseconds: 0)
    var picture: [String: (version: String, uid: String)] = [:]
    var snapshot: (names: [String], world: World)?
    var pending = machine.step(.start, at: now)
    for round in 0..<400 {
      let isFaulty = round < 300
      now = now.advanced(by: .milliseconds(Int64.random(in: 1...3000, using: &generator)))
      if isFaulty {
        for _ in 0..<Int.random(in: 0...3, using: &generator) { world.change(&generator) }
        if Int.random(in: 0..<20, using: &generator) == 0 { world.compacted = world.version }
      }
      let request = try show(pending, &picture, seed)
      if isFaulty, Int.random(in: 0..<6, using: &generator) == 0, !isWait(request) {
        snapshot = nil
        pending = machine.step(.failed(Bool.random(using: &generator) ? broken : gone()), at: now)
        continue
      }
      switch request {
      case .wait(let until):
        now = max(now, until)
        pending = machine.step(.timer, at: now)
      case .list(let limit, let token):
        if token == nil { snapshot = (world.objects.keys.sorted(), world) }
        guard let taken = snapshot else { return fail("token without list, seed \(seed)") }
        let start = Int(token ?? "0") ?? 0
        let end = limit.map { min(start + $0, taken.names.count) } ?? taken.names.count
        let items = try taken.names[start..<end].map { name in
          try object(name, taken.world.objects[name]?.version ?? 0, uid: taken.world.objects[name]?.uid)
        }
        let next = end < taken.names.count ? "\(end)" : nil
        pending = machine.step(.page(page(items, "\(taken.world.version)", token: next)), at: now)
      case .watch(let version, _):
        pending = try watch(&machine, world, Int(version) ?? 0, &now, &generator, &picture, isFaulty, seed)
      default:
        return fail("no request, seed \(seed)")
      }
    }
    let actual = world.objects.mapValues { "\($0.version) \($0.uid)" }
    #expect(picture.mapValues { "\($0.version) \($0.uid)" } == actual, "seed \(seed)")
    #expect(machine.count == actual.count, "seed \(seed)")
  }

  private func watch(
    _ machine: inout Machine, _ world: World, _ from: Int, _ now: inout MonotonicInstant,
    _ generator: inout SeededGenerator, _ picture: inout [String: (version: String, uid: String)],
    _ isFaulty: Bool, _ seed: UInt64
  ) throws -> [Machine.Action] {
    guard from >= world.compacted else { return machine.step(.failed(gone()), at: now) }
    _ = try show(machine.step(.watchOpened, at: now), &picture, seed)
    for change in world.history where change.version > from {
      if isFaulty, Int.random(in: 0..<8, using: &generator) == 0 {
        return machine.step(.failed(broken), at: now)
      }
      let object = try object(change.name, change.version, uid: change.uid)
      let event: WatchEvent<DynamicObject>
      switch change.type {
      case "ADDED": event = .added(object)
      case "MODIFIED": event = .modified(object)
      default: event = .deleted(object)
      }
      _ = try show(machine.step(.event(event), at: now), &picture, seed)
    }
    _ = try show(
      machine.step(.event(.bookmark(resourceVersion: "\(world.version)")), at: now), &picture, seed)
    now = now.advanced(by: .milliseconds(Int64.random(in: 1...5000, using: &generator)))
    return machine.step(.watchEnded, at: now)
  }

  private func isWait(_ action: Machine.Action?) -> Bool {
    if case .wait = action { return true }
    return false
  }

  private func show(
    _ actions: [Machine.Action], _ picture: inout [String: (version: String, uid: String)], _ seed: UInt64
  ) throws -> Machine.Action? {
    var request: Machine.Action?
    for action in actions {
      switch action {
      case .upsert(let object):
        let name = object.metadata.name ?? ""
        let uid = object.metadata.uid ?? ""
        if let old = picture[name] { #expect(old.uid == uid, "a successor without a delete, seed \(seed)") }
        picture[name] = (object.metadata.resourceVersion ?? "", uid)
      case .delete(let key, let uid):
        #expect(picture[key.name]?.uid == uid, "delete of what was not announced, seed \(seed)")
        picture[key.name] = nil
      case .list, .watch, .wait: request = action
      default: break
      }
    }
    return request
  }
}
