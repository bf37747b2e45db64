import Control
import Modbus
import NIOCore

extension World {
  func submit(_ request: ModbusRequest, _ device: Int, _ token: SimulatedDevice.Token) {
    let timeout = Duration.nanoseconds(devices[device].spec.timeout.nanoseconds)
    devices[device].connection.submit(
      request, unitId: devices[device].spec.unitID, timeout: timeout, token: token, at: now)
    act(device)
  }

  /// Carries out what the connection wants.
  ///
  /// - Parameter silently: the machine asked for the end itself and is not told of it.
  func act(_ device: Int, silently: Bool = false) {
    while let action = devices[device].connection.nextAction() {
      switch action {
      case .dial: dial(device)
      case .hangUp:
        devices[device].isUp = false
        devices[device].attempt += 1
      case .send(let transaction, let unit, let request): send(request, transaction, unit, device)
      case .complete(let token, let outcome): completed(token, outcome, device, silently: silently)
      case .notify(.connected): feed(.connected, device)
      case .notify(.failed(let failure)):
        feed(.connectFailed(WireProblem(.refused, failure.description)), device)
      case .notify(.closed(let failure, _, _)):
        devices[device].ledger.cycle = nil
        devices[device].ledger.identity = nil
        guard !silently else { continue }
        feed(.disconnected(WireProblem(.closed, failure?.description ?? "closed")), device)
      case .wake(let at):
        devices[device].wakeAt = at
        events.push(.wake(device: device, at: at), at: at)
      }
      guard isAlive else { return }
    }
  }

  private func dial(_ device: Int) {
    devices[device].attempt += 1
    let refused = now < devices[device].refusesUntil
    let span = refused && random.chance(0.3) ? TimeSpan.seconds(5) : oneWay() * 2
    schedule(.dialled(device: device, attempt: devices[device].attempt, succeeds: !refused), in: span)
  }

  func dialled(_ device: Int, _ attempt: Int, _ succeeds: Bool) {
    guard isAlive, devices[device].attempt == attempt else { return }
    devices[device].isUp = succeeds
    if succeeds {
      devices[device].connection.connected(at: now)
    } else {
      devices[device].connection.connectFailed(.connectionRefused)
    }
    act(device)
  }

  private func oneWay() -> TimeSpan {
    TimeSpan(nanoseconds: Int64(200_000 + random.number(0...(swarm.latency * 1000)) * 500))
  }

  /// The real bytes of a frame, on their way.
  private func send(_ request: ModbusRequest, _ transaction: UInt16, _ unit: UInt8, _ device: Int) {
    if request.isWrite { checkFrame(request, device) }
    guard result.violation == nil, let bytes = frame(request, transaction, unit) else { return }
    let attempt = devices[device].attempt
    if request.isWrite {
      result.frames += 1
      note("\(devices[device].id.name) frame \(request)")
    }
    if !random.chance(swarm.loseRequest) {
      schedule(.toDevice(device: device, attempt: attempt, bytes), in: oneWay())
    }
    if random.chance(swarm.reset) {
      schedule(.broken(device: device, attempt: attempt), in: oneWay())
    }
    if request.isWrite, random.chance(swarm.crashAfterFrame) { crash() }
  }

  private func frame(_ request: ModbusRequest, _ transaction: UInt16, _ unit: UInt8) -> ByteBuffer? {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(32)
    do throws(RequestFault) {
      try ModbusFraming.mbap.write(transactionId: transaction, unitId: unit, to: &buffer) {
        (pdu: inout ByteBuffer) throws(RequestFault) in try request.write(to: &pdu)
      }
      return buffer
    } catch { return nil }
  }

  /// A frame reaches the PLC, even one whose sender has given up meanwhile.
  func deliver(_ bytes: ByteBuffer, toDevice device: Int, _ attempt: Int) {
    var buffer = bytes
    guard now >= devices[device].hangsUntil, now >= devices[device].refusesUntil,
      let frame = try? ModbusFraming.mbap.read(.request, from: &buffer)
    else { return }
    guard let (request, answer) = reply(frame.pdu, device) else { return }
    var bytes = ByteBuffer()
    bytes.reserveCapacity(64)
    ModbusFraming.mbap.write(transactionId: frame.transactionId, unitId: frame.unitId, to: &bytes) {
      (pdu: inout ByteBuffer) in
      switch answer {
      case .done(let response): try? response.write(to: &pdu)
      case .refused(let exception): exception.write(refusing: request.function.rawValue, to: &pdu)
      }
    }
    if random.chance(swarm.loseAnswer) { return }
    let late = random.chance(swarm.lateAnswer)
    let span = late ? oneWay() + devices[device].spec.timeout * random.number(1...4) : oneWay()
    // A late answer may come over whatever connection there is then: gateways do that.
    let onto = late && random.chance(0.5) ? -1 : attempt
    schedule(.toController(device: device, attempt: onto, bytes), in: span)
    if random.chance(swarm.duplicateAnswer) {
      schedule(.toController(device: device, attempt: onto, bytes), in: span + oneWay())
    }
  }

  /// What the PLC does with a request, and what it says.
  private func reply(
    _ pdu: ByteBuffer, _ device: Int
  ) -> (ModbusRequest, PLCReply)? {
    guard let request = try? ModbusRequest(pdu: pdu) else { return nil }
    if random.chance(swarm.busy) { return (request, .refused(.busy)) }
    guard request.isWrite else {
      if random.chance(swarm.refuseRead) { return (request, .refused(.serverDeviceFailure)) }
      return devices[device].plc.answer(pdu)
    }
    if random.chance(swarm.refuseWrite) { return (request, .refused(.serverDeviceFailure)) }
    let before = devices[device].plc
    let reply = devices[device].plc.answer(pdu)
    if random.chance(swarm.ignoreWrite) { devices[device].plc = before }
    for (index, register) in devices[device].registers.enumerated() {
      guard let delay = devices[device].rivals[index] else { continue }
      let old = before.words(of: register)
      guard old != devices[device].plc.words(of: register) else { continue }
      events.push(.putBack(device: device, register: index, Array(old)), at: now + delay)
    }
    return reply
  }

  func deliver(_ bytes: ByteBuffer, toController device: Int, _ attempt: Int) {
    guard isAlive, devices[device].isUp, attempt == devices[device].attempt || attempt == -1 else { return }
    var buffer = bytes
    guard let frame = try? ModbusFraming.mbap.read(.response, from: &buffer) else { return }
    devices[device].connection.received(frame, at: now)
    act(device)
  }

  private func completed(
    _ token: SimulatedDevice.Token, _ outcome: Result<ModbusResponse, RequestFailure>, _ device: Int,
    silently: Bool
  ) {
    switch token {
    case .read(let cycle):
      guard !silently, cycle == devices[device].reader.cycle else { return }
      switch devices[device].reader.take(outcome) {
      case .ask(let request): submit(request, device, token)
      case .done(let input): feed(input, device)
      }
    case .identity: if !silently { feed(identityInput(outcome, device), device) }
    case .write(let order): feed(writeInput(order, outcome, device), device)
    case .verify(let order): if !silently { feed(verifyInput(order, outcome), device) }
    }
  }

  private func identityInput(
    _ outcome: Result<ModbusResponse, RequestFailure>, _ device: Int
  ) -> Input {
    switch outcome {
    case .success(.readDeviceIdentification(let page)):
      let vendor = page.objects.first { $0.id == IdentificationObject.vendorName }?.text
      devices[device].ledger.identity = .some(vendor)
      return .identity(DeviceIdentity(vendorName: vendor))
    case .failure(.refused(let refusal)) where refusal.exception == .busy: return .readBusy
    case .success, .failure(.refused):
      devices[device].ledger.identity = .some(nil)
      return .identity(nil)
    case .failure(let failure): return .readFailed(WireProblem(.timeout, failure.description))
    }
  }

  private func writeInput(
    _ order: WriteOrder, _ outcome: Result<ModbusResponse, RequestFailure>, _ device: Int
  ) -> Input {
    switch outcome {
    case .success: return .writeAcknowledged(order)
    case .failure(.notSent(let reason)): return .writeNotSent(order, reason: reason.description)
    case .failure(.refused(let refusal)): return .writeRefused(order, exception: refusal.exception.rawValue)
    case .failure(.wire(let failure)):
      if options.planted == .replayAfterTimeout {
        // "It was lost, so send it again."
        send(request(order), 0, devices[device].spec.unitID, device)
      }
      return .writeUncertain(order, WireProblem(.timeout, failure.description))
    }
  }

  private func verifyInput(
    _ order: WriteOrder, _ outcome: Result<ModbusResponse, RequestFailure>
  ) -> Input {
    switch outcome {
    case .success(let response):
      var words: [UInt16] = []
      if let registers = response.registers { words = Array(registers) }
      if let bits = response.bits { words = bits.map { $0 ? 1 : 0 } }
      return .verified(order, .words(words))
    case .failure(.refused(let refusal)):
      return .verified(order, .refused(exception: refusal.exception.rawValue))
    case .failure(let failure): return .verifyFailed(order, WireProblem(.timeout, failure.description))
    }
  }
}
