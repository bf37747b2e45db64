import Control
import Fleet
import Testing

@testable import Cluster

@Suite struct EventBookTests {
  private func event(_ reason: String, _ second: Int, _ name: String = "x", message: String = "m")
    -> FleetEvent
  {
    FleetEvent(
      sequence: 77, at: WallTime(milliseconds: Int64(second) * 1000), severity: .warning,
      device: DeviceID(name: name), reason: reason, message: message)
  }

  @Test func whatBothTellIsShownOnce() {
    var book = EventBook()
    book.settle()
    let news = [
      book.add(event("DriftDetected", 10), from: .stream),
      book.add(event("DriftDetected", 11), from: .cluster),
      // Another drift, then another device.
      book.add(event("DriftDetected", 20), from: .cluster),
      book.add(event("DriftDetected", 21), from: .stream),
      book.add(event("DriftDetected", 11, "y"), from: .cluster),
    ]
    #expect(news == [true, false, true, false, true])
    #expect(book.events.map(\.sequence) == [1, 2, 3])
  }

  /// A device that drifts again within seconds has drifted twice, whoever tells it first.
  @Test func twoDriftsInQuickSuccessionAreTwo() {
    var book = EventBook()
    book.settle()
    let news = [
      book.add(event("DriftDetected", 10), from: .cluster),
      book.add(event("DriftDetected", 10, message: "the stream's"), from: .stream),
      book.add(event("DriftDetected", 12, message: "the stream's"), from: .stream),
      book.add(event("DriftDetected", 12, message: "m (2 times)"), from: .cluster),
      book.add(event("DriftDetected", 13, message: "m (3 times)"), from: .cluster),
    ]
    #expect(news == [true, false, true, false, true])
  }

  @Test func aListThatBeginsAgainTellsNothingTwice() {
    var book = EventBook()
    book.settle()
    let news = [
      book.add(event("DriftDetected", 10), from: .cluster),
      book.add(event("DriftDetected", 10, message: "the stream's"), from: .stream),
      book.add(event("DriftDetected", 10), from: .cluster),
      book.add(event("DriftDetected", 10, message: "the stream's"), from: .stream),
    ]
    #expect(news == [true, false, false, false])
  }

  /// The API server has another word for it.
  @Test func aLostConnectionIsToldOnce() {
    var book = EventBook()
    book.settle()
    let news = [
      book.add(event("ConnectionLost", 10), from: .stream),
      book.add(event("ConnectionFailed", 10), from: .cluster),
    ]
    #expect(news == [true, false])
  }

  @Test func aStreamThatBeginsAgainTellsNothingTwice() {
    var book = EventBook()
    book.settle()
    for _ in 0..<2 {
      for second in 0..<5 { book.add(event("DriftDetected", second * 10), from: .stream) }
    }
    #expect(book.events.count == 5)
  }

  @Test func thePastIsPutInOrder() {
    var book = EventBook()
    book.add(event("B", 30), from: .cluster)
    book.add(event("A", 10), from: .cluster)
    book.add(event("C", 20), from: .stream)
    book.add(event("A", 11, message: "the stream's words"), from: .stream)
    #expect(book.events.isEmpty)
    book.settle()
    #expect(book.events.map(\.reason) == ["A", "C", "B"])
    #expect(book.events[0].message == "the stream's words")
    #expect(book.events.map(\.sequence) == [1, 2, 3])
    book.add(event("D", 5), from: .cluster)
    #expect(book.events.last?.sequence == 4)
  }

  @Test func memoryIsBounded() {
    var book = EventBook()
    book.settle()
    for second in 0..<10_000 { book.add(event("R\(second % 7)", second * 10, "d\(second)"), from: .stream) }
    #expect(book.events.count <= EventBook.capacity)
    #expect(book.events.last?.at == WallTime(milliseconds: 99_990_000))
    let sequences = book.events.map(\.sequence)
    #expect(sequences == sequences.sorted())
  }
}
