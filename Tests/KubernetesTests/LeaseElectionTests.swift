import Testing

@testable import Kubernetes

/// Candidates, an API server and the network between them, in virtual time.
private struct Plant {
  struct Candidate {
    var election: LeaseElection
    /// Local nanoseconds a true second: clocks run at different rates.
    var rate: Double
    var offset: Int64
    /// What the civil clock shows is of no importance; here it is wrong by hours.
    var wallOffset: Int64
    var isCut = false
    var isDead = false
    var elections = 0
    var isReleased = false

    func local(_ time: Int64) -> MonotonicInstant {
      MonotonicInstant(nanoseconds: offset &+ Int64(Double(time) * rate))
    }

    func time(of local: MonotonicInstant) -> Int64 { Int64(Double(local.nanoseconds - offset) / rate) }
  }

  enum Happening {
    case input(Int, LeaseElection.Input, serial: Int)
    case arrive(Int, LeaseElection.Action, serial: Int)
  }

  var candidates: [Candidate] = []
  var lease: Lease?
  var version = 0
  var now: Int64 = 0
  var generator: SeededGenerator
  /// Chance that a request or an answer is lost.
  var loss = 0.0
  var maxDelay: Int64 = 50_000_000
  private var queue: [(at: Int64, order: Int, what: Happening)] = []
  private var order = 0
  private var serials: [Int] = []
  let seed: UInt64

  init(seed: UInt64) {
    self.seed = seed
    generator = SeededGenerator(seed: seed)
  }

  mutating func add(_ identity: String, rate: Double = 1) throws {
    let configuration = try LeaseElection.Configuration(identity: identity)
    let offset = Int64.random(in: 0...1_000_000_000_000, using: &generator)
    let wallOffset = Int64.random(in: -20_000...20_000, using: &generator)
    candidates.append(
      Candidate(
        election: LeaseElection(configuration, seed: generator.next()), rate: rate, offset: offset,
        wallOffset: wallOffset))
    serials.append(0)
    schedule(now, .input(candidates.count - 1, .start, serial: 0))
  }

  mutating func schedule(_ at: Int64, _ what: Happening) {
    order += 1
    queue.append((at, order, what))
  }

  mutating func delay() -> Int64 { Int64.random(in: 1_000_000...max(maxDelay, 1_000_001), using: &generator) }

  mutating func isLost(_ candidate: Int) -> Bool {
    candidates[candidate].isCut || Double.random(in: 0..<1, using: &generator) < loss
  }

  func leaders(at time: Int64) -> [Int] {
    candidates.indices.filter { index in
      let candidate = candidates[index]
      return !candidate.isDead && candidate.election.mayWrite(until: candidate.local(time))
    }
  }

  mutating func run(seconds: Double) {
    let end = now + Int64(seconds * 1e9)
    while let next = queue.indices.min(by: {
      (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order)
    }),
      queue[next].at <= end
    {
      let happening = queue.remove(at: next)
      now = max(now, happening.at)
      switch happening.what {
      case .input(let index, let input, let serial): give(index, input, serial)
      case .arrive(let index, let action, let serial): serve(index, action, serial)
      }
      let leaders = leaders(at: now)
      #expect(leaders.count <= 1, "two leaders \(leaders) at \(now), seed \(seed)")
    }
    now = end
  }

  mutating func release(_ index: Int) { schedule(now, .input(index, .release, serial: -1)) }

  /// Stale inputs (an answer after its time-out) carry an old serial and are dropped, as the edge drops them.
  private mutating func give(_ index: Int, _ input: LeaseElection.Input, _ serial: Int) {
    guard !candidates[index].isDead, serial == -1 || serial == serials[index] else { return }
    let local = candidates[index].local(now)
    let wall = Timestamp(seconds: now / 1_000_000_000 + candidates[index].wallOffset)
    for action in candidates[index].election.step(input, at: local, wall: wall) {
      switch action {
      case .wait(let until):
        serials[index] += 1
        schedule(max(candidates[index].time(of: until), now), .input(index, .timer, serial: serials[index]))
      case .read, .create, .replace:
        serials[index] += 1
        let serial = serials[index]
        let failure = ClientError.transport(TransportFailure(.timeout, server: "s", message: "m"))
        schedule(now + 5_000_000_000, .input(index, .failed(failure), serial: serial))
        if !isLost(index) { schedule(now + delay(), .arrive(index, action, serial: serial)) }
      case .elected: candidates[index].elections += 1
      case .released: candidates[index].isReleased = true
      case .deposed, .observed: break
      }
    }
  }

  private mutating func serve(_ index: Int, _ action: LeaseElection.Action, _ serial: Int) {
    let conflict = ClientError.refused(
      StatusError(
        status: APIStatus(reason: "Conflict", code: 409), code: 409, verb: "update", target: "lease"))
    let answer: LeaseElection.Input
    switch action {
    case .create(let spec):
      answer = lease == nil ? store(Lease(metadata: ObjectMeta(name: "l"), spec: spec)) : .failed(conflict)
    case .replace(let new):
      let isCurrent = lease?.metadata.resourceVersion == new.metadata.resourceVersion
      answer = isCurrent ? store(new) : .failed(conflict)
    default: answer = .read(lease)
    }
    if !isLost(index) { schedule(now + delay(), .input(index, answer, serial: serial)) }
  }

  private mutating func store(_ new: Lease) -> LeaseElection.Input {
    version += 1
    lease = new
    lease?.metadata.resourceVersion = "\(version)"
    return .written(lease ?? new)
  }
}

@Suite struct LeaseElectionTests {
  @Test func oneOfTwoLeadsAndKeepsLeading() throws {
    var plant = Plant(seed: 3)
    try plant.add("a")
    try plant.add("b")
    plant.run(seconds: 5)
    let first = plant.leaders(at: plant.now)
    #expect(first.count == 1)
    plant.run(seconds: 600)
    #expect(plant.leaders(at: plant.now) == first)
    #expect(plant.candidates.map(\.elections).reduce(0, +) == 1)
    #expect(plant.lease?.spec?.leaseTransitions == 0)
    #expect(plant.lease?.spec?.leaseDurationSeconds == 15)
  }

  @Test func aDeadLeaderIsReplacedWithinTwentySeconds() throws {
    var plant = Plant(seed: 4)
    try plant.add("a")
    plant.run(seconds: 4)
    try plant.add("b")
    plant.run(seconds: 30)
    #expect(plant.leaders(at: plant.now) == [0])
    plant.candidates[0].isDead = true
    plant.run(seconds: 20)
    #expect(plant.leaders(at: plant.now) == [1])
    #expect(plant.lease?.spec?.leaseTransitions == 1)
  }

  /// The leader loses the API server, the other does not: the leader stops by itself, well before it is
  /// replaced.
  @Test func aCutOffLeaderStopsBeforeAnotherCouldBegin() throws {
    for seed in UInt64(0)..<50 {
      var plant = Plant(seed: seed)
      try plant.add("a", rate: 0.9)
      plant.run(seconds: 4)
      try plant.add("b", rate: 1.1)
      plant.run(seconds: 30)
      try #require(plant.leaders(at: plant.now) == [0])
      plant.candidates[0].isCut = true
      var stopped: Int64?
      var replaced: Int64?
      for _ in 0..<400 where replaced == nil {
        plant.run(seconds: 0.05)
        let leaders = plant.leaders(at: plant.now)
        if stopped == nil, !leaders.contains(0) { stopped = plant.now }
        if leaders.contains(1) { replaced = plant.now }
      }
      let gap = try #require(replaced) - (try #require(stopped))
      #expect(gap > 0, "seed \(seed)")
      plant.candidates[0].isCut = false
      plant.run(seconds: 30)
      #expect(plant.leaders(at: plant.now) == [1], "seed \(seed)")
    }
  }

  /// Neither can reach the server: nobody leads, and when it comes back the holder goes on.
  /// Only the leader knows what it counted meanwhile, so that an outage for all is no reason to change it.
  @Test func anOutageEndsLeadershipAndTheHolderResumes() throws {
    for seed in UInt64(0)..<50 {
      var plant = Plant(seed: seed)
      try plant.add("a")
      plant.run(seconds: 4)
      try plant.add("b")
      plant.run(seconds: 10)
      plant.candidates[0].isCut = true
      plant.candidates[1].isCut = true
      plant.run(seconds: 10.5)
      #expect(plant.leaders(at: plant.now) == [])
      plant.run(seconds: Double(seed) * 5)
      plant.candidates[0].isCut = false
      plant.candidates[1].isCut = false
      plant.run(seconds: 25)
      #expect(plant.leaders(at: plant.now) == [0], "seed \(seed)")
    }
  }

  /// One that died during the outage is replaced all the same.
  @Test func anOutageDoesNotKeepADeadLeadersLease() throws {
    var plant = Plant(seed: 10)
    try plant.add("a")
    plant.run(seconds: 4)
    try plant.add("b")
    plant.run(seconds: 10)
    plant.candidates[0].isDead = true
    plant.candidates[1].isCut = true
    plant.run(seconds: 60)
    plant.candidates[1].isCut = false
    plant.run(seconds: 30)
    #expect(plant.leaders(at: plant.now) == [1])
  }

  @Test func aReleasedLeaseIsTakenAtTheNextLook() throws {
    var plant = Plant(seed: 5)
    try plant.add("a")
    plant.run(seconds: 4)
    try plant.add("b")
    plant.run(seconds: 20)
    plant.release(0)
    plant.run(seconds: 3)
    #expect(plant.candidates[0].isReleased)
    #expect(plant.leaders(at: plant.now) == [1])
    #expect(plant.lease?.spec?.holderIdentity == "b")
    #expect(plant.lease?.spec?.leaseTransitions == 1)
  }

  @Test func aFollowersReleaseTouchesNothing() throws {
    var plant = Plant(seed: 6)
    try plant.add("a")
    plant.run(seconds: 4)
    try plant.add("b")
    plant.run(seconds: 20)
    plant.release(1)
    plant.run(seconds: 20)
    #expect(plant.candidates[1].isReleased)
    #expect(plant.leaders(at: plant.now) == [0])
  }

  /// Losses, delays up to seconds, cuts, deaths, restarts and releases, clocks up to a tenth fast or slow:
  /// never two at once, and somebody leads once the faults stop.
  @Test func neverTwoAtOnceWhateverHappens() throws {
    let base = UInt64.random(in: 0 ... .max)
    for offset in UInt64(0)..<120 {
      var plant = Plant(seed: base &+ offset)
      for name in ["a", "b", "c"] {
        try plant.add(name, rate: Double.random(in: 0.9...1.1, using: &plant.generator))
      }
      for round in 0..<40 {
        plant.loss = Double.random(in: 0...0.5, using: &plant.generator)
        plant.maxDelay = Int64.random(in: 1_000_000...8_000_000_000, using: &plant.generator)
        let index = Int.random(in: 0..<plant.candidates.count, using: &plant.generator)
        switch Int.random(in: 0..<8, using: &plant.generator) {
        case 0: plant.candidates[index].isDead = true
        case 1: plant.release(index)
        case 2, 3: plant.candidates[index].isCut.toggle()
        case 4: try plant.add("r\(round)", rate: Double.random(in: 0.9...1.1, using: &plant.generator))
        default: break
        }
        plant.run(seconds: Double.random(in: 0.1...15, using: &plant.generator))
      }
      plant.loss = 0
      plant.maxDelay = 50_000_000
      for index in plant.candidates.indices { plant.candidates[index].isCut = false }
      try plant.add("last")
      plant.run(seconds: 60)
      #expect(plant.leaders(at: plant.now).count == 1, "seed \(base &+ offset)")
    }
  }

  /// The last holder has given the lease up, and this one takes it at once.
  private static func take(_ election: inout LeaseElection, at start: MonotonicInstant) -> Lease? {
    let wall = Timestamp(seconds: 0)
    _ = election.step(.start, at: start, wall: wall)
    let lease = Lease(
      metadata: ObjectMeta(name: "l", resourceVersion: "1"),
      spec: Lease.Spec(holderIdentity: "", leaseDurationSeconds: 1))
    guard case .replace(let next)? = election.step(.read(lease), at: start, wall: wall).last else {
      return nil
    }
    return next
  }

  /// `kubectl delete lease` stops nobody: the holder makes it anew, and the other one waits until it could not act.
  @Test func aDeletedLeaseMakesNoSecondLeader() throws {
    for seed in UInt64(0)..<60 {
      var plant = Plant(seed: seed)
      try plant.add("a", rate: 0.95)
      plant.run(seconds: 4)
      try plant.add("b", rate: 1.05)
      plant.run(seconds: 20)
      for round in 0..<30 {
        plant.lease = nil
        // Also when it cannot be reached any more, or begins to be somebody new.
        if round == 10 { plant.candidates[0].isCut = true }
        if round == 20 { try plant.add("c") }
        if round == 25 { plant.candidates[0].isCut = false }
        plant.run(seconds: Double.random(in: 0.1...4, using: &plant.generator))
      }
      plant.run(seconds: 40)
      #expect(plant.leaders(at: plant.now).count == 1, "seed \(seed)")
    }
  }

  /// A name that somebody took out is no release.
  @Test func anEmptiedLeaseIsWaitedFor() throws {
    for seed in UInt64(0)..<20 {
      var plant = Plant(seed: seed)
      try plant.add("a")
      plant.run(seconds: 4)
      try plant.add("b")
      plant.run(seconds: 20)
      plant.lease?.spec?.holderIdentity = ""
      plant.run(seconds: 40)
      #expect(plant.leaders(at: plant.now).count == 1, "seed \(seed)")
    }
  }

  @Test func aLateAnswerDoesNotMakeALeader() throws {
    let configuration = try LeaseElection.Configuration(identity: "a")
    var election = LeaseElection(configuration, seed: 1)
    let start = MonotonicInstant(nanoseconds: 0)
    let wall = Timestamp(seconds: 0)
    let lease = try #require(Self.take(&election, at: start))
    _ = election.step(.written(lease), at: start.advanced(by: .seconds(10)), wall: wall)
    #expect(election.writeDeadline == nil)
  }

  @Test func theDeadlineCountsFromSending() throws {
    var election = LeaseElection(try .init(identity: "a"), seed: 1)
    let start = MonotonicInstant(nanoseconds: 0)
    let wall = Timestamp(seconds: 0)
    let lease = try #require(Self.take(&election, at: start))
    _ = election.step(.written(lease), at: start.advanced(by: .seconds(4)), wall: wall)
    #expect(election.writeDeadline == start.advanced(by: .seconds(10)))
    #expect(election.mayWrite(until: start.advanced(by: .milliseconds(9999))))
    #expect(!election.mayWrite(until: start.advanced(by: .seconds(10))))
  }

  @Test func refusesTimesThatAreNotSafe() {
    #expect(throws: RequestError.self) { try LeaseElection.Configuration(identity: "") }
    #expect(throws: RequestError.self) {
      try LeaseElection.Configuration(identity: "a", leaseDuration: .seconds(10), renewDeadline: .seconds(10))
    }
    #expect(throws: RequestError.self) {
      try LeaseElection.Configuration(identity: "a", renewDeadline: .seconds(2), retryPeriod: .seconds(2))
    }
  }
}
