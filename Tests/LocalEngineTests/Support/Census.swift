/// Counts the elements of every collection that can be reached from an object, by the path of the properties that
/// lead there; elements of one collection share a path. What closures hold is not seen.
struct Census {
  private(set) var counts: [String: Int] = [:]
  private var seen: Set<ObjectIdentifier> = []

  init(of root: AnyObject) {
    walk(root, "", depth: 0)
  }

  private mutating func walk(_ value: Any, _ path: String, depth: Int) {
    guard depth < 40 else { return }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .class:
      // The mirror of a class instance is of this very object.
      guard seen.insert(ObjectIdentifier(value as AnyObject)).inserted else { return }
      var level: Mirror? = mirror
      while let current = level {
        walkChildren(current, path, depth)
        level = current.superclassMirror
      }
    case .collection, .set, .dictionary:
      counts[path, default: 0] += mirror.children.count
      for child in mirror.children {
        if isPlain(child.value) { return }
        walk(child.value, path, depth: depth + 1)
      }
    default: walkChildren(mirror, path, depth)
    }
  }

  private mutating func walkChildren(_ mirror: Mirror, _ path: String, _ depth: Int) {
    for child in mirror.children where !isPlain(child.value) {
      walk(child.value, child.label.map { "\(path).\($0)" } ?? path, depth: depth + 1)
    }
  }

  /// A number or a text: nothing grows in it.
  private func isPlain(_ value: Any) -> Bool {
    value is any Numeric || value is String || value is Bool
  }

  /// Paths where there are more than there were, beyond a tolerance, and more than the stated limit of a list.
  ///
  /// - Parameter limits: by the end of the path.
  func grown(since before: Census, slack: Int, limits: [String: Int] = [:]) -> [String] {
    counts.compactMap { path, count in
      let earlier = before.counts[path] ?? 0
      if let limit = limits.first(where: { path.hasSuffix($0.key) })?.value, count <= limit { return nil }
      return count > earlier + max(slack, earlier / 4) ? "\(path): \(earlier) → \(count)" : nil
    }.sorted()
  }

  /// The greater count of each path.
  func merged(with other: Census) -> Census {
    var merged = self
    merged.counts.merge(other.counts) { max($0, $1) }
    return merged
  }
}
