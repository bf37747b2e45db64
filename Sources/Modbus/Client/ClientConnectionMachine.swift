import NIOCore

/// What a connection tells those who use it.
public enum ConnectionEvent: Sendable, Hashable {
  case connected
  /// It could not be made. Requests that waited for it came back as not sent.
  case failed(WireFailure)
  /// It ended; nil when a user asked for that. `unit` is the one whose request it broke on, so that a gateway's
  /// other units know that it was not theirs. `reconnecting` when reads of other units wait and a new
  /// connection is already being made.
  case closed(WireFailure?, unit: UInt8?, reconnecting: Bool)
}

/// One Modbus client connection, without its socket: what to do when, and to whom an answer belongs.
///
/// Pure: time is an argument (monotonic nanoseconds). Feed it what happened, then take actions with
/// `nextAction()` until there is none. `Token` says whose a request is; the machine only carries it.
///
/// Rules (issue texts and DESIGN section 6): one request in flight; answers are matched by transaction id and
/// others discarded; a timeout or anything malformed drops the connection, so that a late answer cannot be
/// taken for a later request's. A write never outlives the connection it was asked for on; another unit's
/// read that only waited is made on the next one.
public struct ClientConnectionMachine<Token> {
  public typealias Outcome = Result<ModbusResponse, RequestFailure>

  /// How long after its time-out an answer may still be looked at by a process that was late itself, in nanoseconds.
  static var mostOversleep: Int64 { 2_000_000_000 }

  /// What the edge has to do, in order.
  public enum Action {
    /// Make a connection; report `connected` or `connectFailed`.
    case dial
    /// Drop the connection or the attempt; whatever it still reports is not passed on.
    case hangUp
    case send(transactionId: UInt16, unitId: UInt8, request: ModbusRequest)
    case complete(Token, Outcome)
    case notify(ConnectionEvent)
    /// Call `timerFired` at that time. Replaces an earlier wish.
    case wake(at: Int64)
  }

  /// A request that waits or is in flight.
  struct Pending {
    var token: Token
    var unitId: UInt8
    /// Nanoseconds from sending to giving up.
    var timeout: Int64
    var request: ModbusRequest
  }

  struct InFlight {
    var pending: Pending
    var transactionId: UInt16
    var sentAt: Int64
    /// When it is given up.
    var deadline: Int64
    /// From when on it is given up as soon as another unit's request waits: see `UnitPatience`.
    var yieldsAt: Int64
    var strayAnswers = 0
    /// Its owner left: the answer is awaited, then thrown away.
    var isAbandoned = false
    var hadAnotherLook = false

    /// The timer itself came late: this process has more to do than it can, and the answer may lie in the socket. Before
    /// the device is called silent, that is looked at once more; `nil`: it was, or the timer was in time.
    func anotherLook(at now: Int64) -> InFlight? {
      let late = now - deadline
      guard late > 50_000_000, !hadAnotherLook else { return nil }
      var next = self
      next.hadAnotherLook = true
      next.deadline = now.addingClamped(2 * min(late, 500_000_000))
      return next
    }
  }

  enum State {
    /// To dialling.
    case disconnected
    /// To pausing, ready or disconnected.
    case dialling
    /// Connected, and leaving the device alone until then. To ready or disconnected.
    case pausing(until: Int64)
    /// To inFlight or disconnected. In `perRequest` mode until the time given, if nothing is asked.
    case ready
    /// To pausing, ready or disconnected.
    case inFlight(InFlight)
  }

  public internal(set) var options: ConnectionOptions
  /// Whether answers carry transaction ids (not in the serial framings).
  public let hasTransactionIds: Bool
  /// Answers discarded because their transaction id was nobody's.
  public internal(set) var strayAnswers = 0
  var state = State.disconnected
  var waiting = FairQueue<Pending>()
  var patience = UnitPatience()
  var actions = CircularBuffer<Action>(initialCapacity: 4)
  var lastTransactionId: UInt16
  /// Someone asked for this connection and has not been told yet how that went.
  var isAwaited = false
  /// In `perRequest` mode: users have been told `connected` and nothing else since.
  var isReportedUp = false
  var wakeAt = Int64.max

  /// - Parameter firstTransactionId: where ids begin; they go on across connections.
  public init(
    options: ConnectionOptions = .init(), hasTransactionIds: Bool = true, firstTransactionId: UInt16 = 1
  ) {
    self.options = options
    self.hasTransactionIds = hasTransactionIds
    lastTransactionId = firstTransactionId &- 1
  }

  /// Whether a connection is there, busy or not.
  public var isConnected: Bool {
    switch state {
    case .disconnected, .dialling: false
    case .pausing, .ready, .inFlight: true
    }
  }

  /// Requests that wait, without the one in flight.
  public var waitingCount: Int { waiting.count }

  /// The next thing to do, nil when all is done.
  public mutating func nextAction() -> Action? { actions.popFirst() }

  /// For users that come and go; holds from the next connection or request on.
  public mutating func setOptions(_ options: ConnectionOptions) { self.options = options }

  // MARK: What users ask

  /// Asks for a connection. When there is one, says so at once.
  public mutating func connect() {
    switch state {
    case .disconnected:
      isAwaited = true
      dial()
    case .dialling: isAwaited = true
    case .pausing, .ready, .inFlight: actions.append(.notify(.connected))
    }
  }

  /// Asks for a request. Its token comes back exactly once, unless its owner leaves before.
  public mutating func submit(
    _ request: ModbusRequest, unitId: UInt8, timeout: Duration, token: Token, at now: Int64
  ) {
    do throws(RequestFault) {
      try request.validate()
    } catch {
      actions.append(.complete(token, .failure(.notSent(.invalid(error)))))
      return
    }
    let pending = Pending(
      token: token, unitId: unitId, timeout: timeout.clampedNanoseconds, request: request)
    switch state {
    case .ready: send(pending, at: now)
    case .disconnected where !options.perRequest:
      actions.append(.complete(token, .failure(.notSent(.notConnected))))
    case .disconnected, .dialling, .pausing, .inFlight:
      guard waiting.count < options.mostWaiting else {
        actions.append(.complete(token, .failure(.notSent(.queueFull))))
        return
      }
      waiting.append(pending, unitId: unitId)
      yieldToOthers(at: now)
      if case .disconnected = state { dial() }
    }
  }

  /// A user leaves: forgets its waiting requests, and the answer to the one in flight, without a word.
  public mutating func abandon(where isTheirs: (Token) -> Bool) {
    _ = waiting.removeAll { isTheirs($0.token) }
    if case .inFlight(var flight) = state, isTheirs(flight.pending.token) {
      flight.isAbandoned = true
      state = .inFlight(flight)
    }
  }

  /// Closes, at the wish of this side. Everything that waits comes back as not sent.
  public mutating func close() {
    let wasConnected = isConnected || isAwaited
    let inFlight = leave()
    if let inFlight { complete(inFlight, .failure(.wire(.closedLocally))) }
    failWaiting(.cancelled)
    isAwaited = false
    if wasConnected || isReportedUp { actions.append(.notify(.closed(nil, unit: nil, reconnecting: false))) }
    isReportedUp = false
  }
}

extension Duration {
  /// Nanoseconds, held at 0 below and at the end of the range above.
  var clampedNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? 0 : .max }
    return max(0, product.addingClamped(attoseconds / 1_000_000_000))
  }
}
