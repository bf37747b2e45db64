import Control
import Fleet
import Testing

@testable import LocalEngine

@Suite struct OperationLogTests {
  private let device = DeviceID(name: "line-1")

  private func log(running: Int, done: Int) -> OperationLog {
    var log = OperationLog()
    for index in 0..<(running + done) {
      _ = log.begin(
        title: "sync", by: "anna", at: WallTime(milliseconds: 0), devices: index < running ? [device] : [])
    }
    return log
  }

  @Test func theOldestThatIsDoneMakesRoom() {
    var log = log(running: 1, done: OperationLog.capacity - 1)
    #expect(!log.isFull)
    let id = log.begin(title: "sync", by: "anna", at: WallTime(milliseconds: 0), devices: [device])
    #expect(log.operations.count == OperationLog.capacity)
    #expect(log.operations.first?.state == .running && log.operations.last?.receipt.id == id)
  }

  @Test func whatIsUnderWayIsNotForgotten() {
    var log = log(running: OperationLog.capacity, done: 0)
    #expect(log.isFull)
    log.finish(1, device: device, results: [])
    #expect(!log.isFull)
  }
}
