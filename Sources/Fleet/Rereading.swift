import Control

/// What is new of a device that was read again and found as it was, but for words that do not change what is said of it.
///
/// Most polls are of this kind, and it is a hundredth of all that can be said of a device. Whoever sends it makes it
/// from two snapshots; whoever gets it applies it to the first and has the second. What a snapshot holds beside its
/// view, its specification, its sources and who acknowledged it (the trend, since when) is not part of it.
public struct Rereading: Hashable, Sendable {
  /// The words of one register.
  public struct Words: Hashable, Sendable {
    /// Index into the specification's registers.
    public var register: Int
    public var words: [UInt16]

    public init(register: Int, words: [UInt16]) {
      self.register = register
      self.words = words
    }
  }

  /// When it was read; of all registers that were read at the poll before, too.
  public var at: WallTime
  /// Of the registers that hold others than before.
  public var words: [Words] = []

  public init(at: WallTime, words: [Words] = []) {
    self.at = at
    self.words = words
  }

  /// `nil`: more than this has changed, and all must be said.
  public init?(from old: DeviceSnapshot, to new: DeviceSnapshot) {
    guard let before = old.view.lastRead, let at = new.view.lastRead, old.spec == new.spec,
      old.sources == new.sources, old.acknowledgedBy == new.acknowledgedBy
    else { return nil }
    // Put back what may differ, and the rest must be equal: a field that is added some day is not forgotten here.
    var view = new.view
    view.lastRead = before
    view.registers = old.view.registers
    guard view == old.view, old.view.registers.count == new.view.registers.count else { return nil }
    self.init(at: at)
    for index in new.view.registers.indices {
      let earlier = old.view.registers[index]
      var register = new.view.registers[index]
      guard register.lastRead == (earlier.lastRead == before ? at : earlier.lastRead) else { return nil }
      register.lastRead = earlier.lastRead
      if register.rawWords != earlier.rawWords {
        guard RegisterCodec.decode(register.rawWords, as: register.spec) == register.actual else {
          return nil
        }
        words.append(Words(register: index, words: register.rawWords))
        register.rawWords = earlier.rawWords
        register.actual = earlier.actual
      }
      guard register == earlier else { return nil }
    }
  }
}

extension DeviceView {
  /// Makes of the view before what it is now.
  ///
  /// - Returns: false when the reading does not belong to this view, which is then as it was.
  public mutating func apply(_ reading: Rereading) -> Bool {
    guard let before = lastRead else { return false }
    var decoded: [RegisterValue] = []
    for new in reading.words {
      guard registers.indices.contains(new.register),
        let value = RegisterCodec.decode(new.words, as: registers[new.register].spec)
      else { return false }
      decoded.append(value)
    }
    for index in registers.indices where registers[index].lastRead == before {
      registers[index].lastRead = reading.at
    }
    for (new, value) in zip(reading.words, decoded) {
      registers[new.register].rawWords = new.words
      registers[new.register].actual = value
    }
    lastRead = reading.at
    return true
  }
}

/// That a device was read again and found as it was, so often since its snapshot was made.
public struct Reread: Hashable, Sendable {
  /// 0: not at all.
  public var times: Int32
  /// The last time.
  public var at: WallTime

  public static let none = Reread(times: 0, at: WallTime(milliseconds: 0))

  public init(times: Int32, at: WallTime) {
    self.times = times
    self.at = at
  }

  public mutating func add(_ time: WallTime) {
    if times < .max { times += 1 }
    at = time
  }
}

extension DeviceSnapshot {
  /// As it is now that it was read again: with that time, and a trend that has gone on.
  public func read(again reread: Reread) -> DeviceSnapshot {
    var view = view
    guard reread.times > 0, view.apply(Rereading(at: reread.at)) else { return self }
    var trend = trend
    if let last = trend.last {
      trend += repeatElement(last, count: min(Int(reread.times), Self.trendCapacity))
      trend = trend.suffix(Self.trendCapacity)
    }
    return DeviceSnapshot(
      spec: spec, view: view, sources: sources, trend: trend, since: since, acknowledgedBy: acknowledgedBy)
  }
}

extension FleetSnapshot {
  /// A device as it is.
  public func device(at index: Int) -> DeviceSnapshot {
    rereads.isEmpty ? devices[index] : devices[index].read(again: rereads[index])
  }

  /// The same with every device as it is.
  public var complete: FleetSnapshot {
    guard !rereads.isEmpty else { return self }
    var whole = self
    whole.devices = devices.indices.map(device(at:))
    whole.rereads = []
    return whole
  }
}
