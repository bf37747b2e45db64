import Control
import Fleet
import Terminal

extension SamplePlant {
  /// The plant's screen, with everything that would be asked for answered.
  public static func frame(_ size: Size, settings: Settings = settings()) -> Frame {
    var model = Model(settings, now: now)
    var waiting: [Message] = [.resize(size), .snapshot(snapshot())]
    // Each answer asks for at most one more thing; the bound is for a mistake in that.
    for _ in 0..<100 {
      guard !waiting.isEmpty else { break }
      let message = waiting.removeFirst()
      for command in update(&model, message) {
        switch command {
        case .loadHistory(let token, let query): waiting.append(.history(token: token, history(query)))
        case .loadProvenance(let device):
          waiting.append(.provenance(device: device, provenance(device)))
        default: break
        }
      }
    }
    return render(model, size: size)
  }
}
