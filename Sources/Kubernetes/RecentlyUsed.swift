/// A dictionary of limited size that forgets what has not been used for longest.
///
/// When full, a quarter is forgotten at once, so that forgetting costs little per use.
struct RecentlyUsed<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private let capacity: Int
  private var entries: [Key: (value: Value, used: UInt64)] = [:]
  private var uses: UInt64 = 0

  init(capacity: Int) { self.capacity = max(capacity, 4) }

  var count: Int { entries.count }

  subscript(key: Key) -> Value? {
    mutating get {
      uses &+= 1
      entries[key]?.used = uses
      return entries[key]?.value
    }
    set {
      uses &+= 1
      guard let newValue else {
        entries[key] = nil
        return
      }
      if entries[key] == nil, entries.count >= capacity { forget() }
      entries[key] = (newValue, uses)
    }
  }

  private mutating func forget() {
    let ages = entries.values.map(\.used).sorted()
    let oldest = ages[capacity / 4]
    entries = entries.filter { $0.value.used > oldest }
  }
}
