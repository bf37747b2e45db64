import Control
import Fleet
import Terminal
import Testing

@testable import Dashboard

/// A screen that is given what was read since instead of new objects shows the same.
@Suite struct LeanSnapshotTests {
  private func reread(_ device: DeviceSnapshot, _ seconds: Int) -> Reread {
    guard let read = device.view.lastRead, device.view.status != .unreachable else { return .none }
    return Reread(times: Int32(seconds), at: read + .seconds(seconds))
  }

  @Test(arguments: [Size(60, 16), Size(80, 24), Size(120, 40), Size(200, 60)])
  func everyFrameIsTheSame(size: Size) {
    for sort in SortOrder.allCases {
      var (lean, whole) = (Desk(size), Desk(size))
      lean.model.index.setSort(sort)
      whole.model.index.setSort(sort)
      for second in 1...40 {
        var snapshot = Plant.snapshot(
          Plant.devices, sequence: UInt64(second + 1), at: Plant.now + .seconds(second))
        snapshot.rereads = Plant.devices.map { reread($0, second) }
        lean.send(.tick(snapshot.at))
        whole.send(.tick(snapshot.at))
        lean.send(.snapshot(snapshot))
        whole.send(.snapshot(snapshot.complete))
        for desk in [second % 7 == 0 ? Key.down : nil, second == 20 ? .enter : nil].compactMap(\.self) {
          lean.send(.key(desk))
          whole.send(.key(desk))
        }
        #expect(lean.frame() == whole.frame(), "\(sort) after \(second) s")
      }
    }
  }

  @Test func agesAreThoseOfTheLastReading() throws {
    var desk = Desk(devices: Plant.devices)
    let old = try #require(Plant.devices.first { $0.view.status == .inSync })
    var snapshot = Plant.snapshot(Plant.devices, sequence: 9, at: Plant.now + .seconds(60))
    snapshot.rereads = Plant.devices.map { reread($0, 60) }
    desk.send(.snapshot(snapshot))
    let shown = try #require(desk.model.index.device(old.id))
    #expect(shown.view.lastRead == old.view.lastRead.map { $0 + .seconds(60) })
    #expect(shown.view.registers.allSatisfy { $0.lastRead == shown.view.lastRead })
  }

  @Test func theTrendGoesOnWithTheSameValue() {
    let device = Plant.device("x", [], phase: .connected, status: .inSync, trend: [1, 2, 3])
    let read = DeviceSnapshot(
      spec: device.spec, view: DeviceView(lastRead: Plant.now), trend: device.trend)
    #expect(read.read(again: Reread(times: 2, at: Plant.now + .seconds(2))).trend == [1, 2, 3, 3, 3])
    let long = read.read(again: Reread(times: .max, at: Plant.now + .seconds(2)))
    #expect(long.trend == [Float](repeating: 3, count: DeviceSnapshot.trendCapacity))
    #expect(read.read(again: .none) === read)
  }
}
