/// 65,536 words of which few are not zero, kept in pages of 64. Bit tables use it too, one word a bit: what
/// counts here is that 10,000 PLCs with one register each stay small.
struct SparseWords {
  private var pages: [UInt16: [UInt16]] = [:]

  subscript(address: UInt16) -> UInt16 {
    get { pages[address >> 6]?[Int(address & 63)] ?? 0 }
    set {
      if newValue == 0 && pages[address >> 6] == nil { return }
      pages[address >> 6, default: Array(repeating: 0, count: 64)][Int(address & 63)] = newValue
    }
  }

  /// `count` words from `address` on; addresses beyond 65535 read as 0.
  func words(from address: UInt16, count: Int) -> [UInt16] {
    var result: [UInt16] = []
    result.reserveCapacity(count)
    var next = Int(address)
    let end = next + count
    while next < end {
      let offset = next & 63
      let run = min(64 - offset, end - next)
      if let page = next > 65_535 ? nil : pages[UInt16(next >> 6)] {
        result.append(contentsOf: page[offset..<offset + run])
      } else {
        result.append(contentsOf: repeatElement(0, count: run))
      }
      next += run
    }
    return result
  }
}
