import Control
import Modbus
import NIOCore

@testable import LocalEngine

/// PLCs in virtual time behind an engine's links: memories that drift, and wires that fail now and then.
final class VirtualLinks: LinkMaker {
  let loop: any EventLoop
  var random = SplitMix64(seed: 7)
  /// Of the requests that are never answered, of drifts at a read, and of refused connections.
  var silence = 0.0
  var drift = 0.0
  var refusal = 0.0
  private(set) var writes = 0
  private(set) var reads = 0
  var connections: Int { 0 }

  init(loop: any EventLoop) { self.loop = loop }

  func link(for spec: DeviceSpec, owner: any DeviceLinkOwner) -> any DeviceLink {
    VirtualLink(self, owner, timeout: spec.timeout)
  }

  fileprivate func chance(_ probability: Double) -> Bool { random.unit() < probability }

  fileprivate func answer(_ request: ModbusRequest, _ memory: inout [UInt16]) -> ModbusResponse? {
    switch request {
    case .readHoldingRegisters(let address, let count):
      reads += 1
      if chance(drift) { memory[Int(address)] = UInt16(truncatingIfNeeded: random.next() % 5000) }
      return .readHoldingRegisters(RegisterBlock(count: Int(count)) { [memory] in memory[Int(address) + $0] })
    case .writeSingleRegister(let address, let value):
      writes += 1
      memory[Int(address)] = value
      return .writeSingleRegister(address: address, value: value)
    default: return nil
    }
  }
}

private final class VirtualLink: DeviceLink {
  private(set) var epoch: UInt64 = 0
  private let plant: VirtualLinks
  private weak var owner: (any DeviceLinkOwner)?
  private let timeout: TimeSpan
  private var memory = [UInt16](repeating: 2500, count: 16)
  private var isUp = false

  init(_ plant: VirtualLinks, _ owner: any DeviceLinkOwner, timeout: TimeSpan) {
    self.plant = plant
    self.owner = owner
    self.timeout = timeout
  }

  func connect() {
    later(.milliseconds(2)) { [self] in
      guard !plant.chance(plant.refusal) else {
        owner?.linkDidFail(WireProblem(.refused, "connection refused"))
        return
      }
      isUp = true
      epoch += 1
      owner?.linkDidConnect()
    }
  }

  func disconnect() { isUp = false }

  func send(_ request: ModbusRequest, completion: @escaping (Result<ModbusResponse, RequestFailure>) -> Void)
  {
    guard isUp else { return completion(.failure(.notSent(.notConnected))) }
    if plant.chance(plant.silence) {
      return later(timeout) { completion(.failure(.wire(.timedOut(strayAnswers: 0)))) }
    }
    later(.milliseconds(3)) { [self] in
      guard let response = plant.answer(request, &memory) else {
        return completion(.failure(.wire(.connectionReset)))
      }
      completion(.success(response))
    }
  }

  func release() {
    owner = nil
    isUp = false
  }

  private func later(_ span: TimeSpan, _ work: @escaping () -> Void) {
    plant.loop.assumeIsolated().scheduleTask(in: .nanoseconds(span.nanoseconds), work)
  }
}
