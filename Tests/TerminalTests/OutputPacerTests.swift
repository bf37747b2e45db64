import Testing

@testable import Terminal

@Suite struct OutputPacerTests {
  private let second: UInt64 = 1_000_000_000

  @Test func framesKeepTheirDistance() {
    var pacer = OutputPacer(framesPerSecond: 10)
    #expect(pacer.nextFrame(now: 5) == 5)
    pacer.drew(now: 5)
    #expect(pacer.nextFrame(now: 6) == 5 + second / 10)
    #expect(pacer.nextFrame(now: second) == second)
  }

  @Test func aKnownLineSpeedHoldsFramesBack() {
    var pacer = OutputPacer(framesPerSecond: 10, bytesPerSecond: 960)
    pacer.drew(now: 0)
    pacer.wrote(960, now: 0)
    // An eighth of a second of backlog is tolerated, so seven eighths are waited for.
    #expect(pacer.nextFrame(now: 0) == second * 7 / 8)
    #expect(pacer.nextFrame(now: second) == second)
  }

  @Test func aRefusedWriteTeachesTheSpeed() {
    var pacer = OutputPacer(framesPerSecond: 10)
    pacer.wrote(19_600, now: 0)
    #expect(pacer.nextFrame(now: 0) == 0)
    pacer.stalled(now: 0)
    for step in 1...4 {
      pacer.wrote(500, now: UInt64(step) * second / 2)
      pacer.stalled(now: UInt64(step) * second / 2)
    }
    #expect(pacer.rate == 1000)
    pacer.caughtUp(now: 2 * second)
    let wait = pacer.nextFrame(now: 2 * second) - 2 * second
    #expect(wait > 15 * second && wait < 25 * second)
    // And a fast line is found out again.
    var now = 60 * second
    for _ in 0..<4 {
      now += 21 * second
      pacer.wrote(1, now: now)
    }
    #expect(pacer.rate == 16_000)
  }

  @Test(arguments: [21, 22, 23] as [UInt64])
  func noOrderOfCallsTraps(seed: UInt64) {
    var random = Seeded(seed)
    var pacer = OutputPacer(framesPerSecond: 0, bytesPerSecond: Bool.random(using: &random) ? -5 : nil)
    for _ in 0..<5000 {
      let now = UInt64.random(in: 0...UInt64.max / 4, using: &random)
      switch Int.random(in: 0..<5, using: &random) {
      case 0: pacer.wrote(Int.random(in: -10...1 << 40, using: &random), now: now)
      case 1: pacer.stalled(now: now)
      case 2: pacer.caughtUp(now: now)
      case 3: pacer.drew(now: now)
      default: #expect(pacer.nextFrame(now: now) >= now, "seed \(seed)")
      }
    }
  }

  @Test func anAnswerDoesNotWaitForThePicturesTurn() {
    var pacer = OutputPacer(framesPerSecond: 10)
    pacer.drew(now: 1_000_000_000)
    #expect(pacer.nextFrame(now: 1_000_000_000) == 1_100_000_000)
    #expect(pacer.nextFrame(now: 1_000_000_000, answering: true) == 1_025_000_000)
    // A slow line is as slow for answers.
    var slow = OutputPacer(framesPerSecond: 10, bytesPerSecond: 1000)
    slow.drew(now: 1_000_000_000)
    slow.wrote(2000, now: 1_000_000_000)
    #expect(slow.nextFrame(now: 1_000_000_000, answering: true) > 1_500_000_000)
  }
}
