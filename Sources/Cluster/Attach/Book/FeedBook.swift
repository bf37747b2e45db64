import Control
import Fleet

/// What one operator's stream has told.
struct FeedBook: Sendable {
  /// What it told of one device.
  struct LiveDevice: Sendable {
    /// As the last full line had it.
    fileprivate let told: ReportedDevice
    /// What `reads` lines told since.
    fileprivate let reread: Reread
    let heardAt: Instant

    var id: DeviceID { told.spec.id }
    var pollInterval: TimeSpan { told.spec.pollInterval }
    var lastRead: WallTime? { reread.times > 0 ? reread.at : told.view.lastRead }

    /// As it is now.
    var device: ReportedDevice {
      var device = told
      if reread.times > 0 { _ = device.view.apply(Rereading(at: reread.at)) }
      return device
    }
  }

  private struct Told: Sendable {
    var device: ReportedDevice
    /// What `reads` lines of the present stream call it.
    var number: Int?
  }

  /// What a reading that changes nothing else is put into.
  private struct News: Sendable {
    var reread = Reread.none
    var heardAt: Instant
    /// Where the site keeps what it shows of the device; `nil`: it does not show yet what was told last.
    var cell: Int?
    /// It was read before, and can be read again.
    var isRead: Bool
  }

  var contact: Contact
  private(set) var header: FleetHeader?
  /// A slot each; those of devices that have gone are free for others.
  private var slots: [Told?] = []
  private var news: [News] = []
  private var free: [Int] = []
  private var slotOf: [DeviceID: Int] = [:]
  private var slotOfNumber: [Int: Int] = [:]
  /// Told before the stream was opened anew and not again since.
  private var unconfirmed: Set<DeviceID> = []
  /// The other side's clock minus ours, when the last header came.
  private(set) var clockOffset: TimeSpan?
  private(set) var hasSynced = false

  init(at now: Moment) { contact = Contact(since: now) }

  /// A stream begins: it tells everything again.
  mutating func begin(at now: Moment) {
    unconfirmed = Set(slotOf.keys)
    slotOfNumber = [:]
    contact.heard(at: now)
  }

  /// Takes a line that tells no readings; returns the devices that changed.
  mutating func take(_ line: FleetLine, at now: Moment) -> [DeviceID] {
    contact.heard(at: now)
    switch line {
    case .fleet(let header):
      self.header = header
      clockOffset = header.at.map { $0 - now.wall }
      return []
    case .device(let device, let number):
      let id = device.spec.id
      unconfirmed.remove(id)
      store(Told(device: device, number: number), id, at: now.instant)
      return [id]
    case .removed(let id):
      unconfirmed.remove(id)
      return remove(id) ? [id] : []
    case .synced:
      hasSynced = true
      let gone = Array(unconfirmed)
      unconfirmed = []
      for id in gone { _ = remove(id) }
      return gone
    case .event, .ping, .reads, .unknown: return []
    }
  }

  /// Takes readings. `goesOn` is told where the site keeps the device, and says whether that is all there is to it;
  /// returns the other devices. Throws for a reading that does not fit what was told before: what is shown could not be
  /// believed any more.
  mutating func take(
    _ readings: [NumberedReading], at now: Moment, goesOn: (_ cell: Int?, Rereading) -> Bool
  ) throws(FleetLineError) -> [DeviceID] {
    contact.heard(at: now)
    var changed: [DeviceID] = []
    for told in readings {
      guard let slot = slotOfNumber[told.number] else {
        throw FleetLineError(message: "reads of \(told.number), which is no device's number")
      }
      guard news[slot].isRead, store(told.reading, slot) else {
        throw FleetLineError(message: "reads of device \(told.number) do not fit what was told of it before")
      }
      news[slot].heardAt = now.instant
      if !goesOn(news[slot].cell, told.reading), let id = slots[slot]?.device.spec.id { changed.append(id) }
    }
    return changed
  }

  /// Returns whether the reading belongs to what was told.
  private mutating func store(_ reading: Rereading, _ slot: Int) -> Bool {
    guard !reading.words.isEmpty else {
      news[slot].reread.add(reading.at)
      return true
    }
    guard var device = live(slot)?.device, device.view.apply(reading) else { return false }
    slots[slot]?.device = device
    news[slot].reread = .none
    news[slot].cell = nil
    return true
  }

  private mutating func store(_ told: Told, _ id: DeviceID, at now: Instant) {
    let slot = slotOf[id] ?? free.popLast() ?? slots.count
    if slot == slots.count {
      slots.append(nil)
      news.append(News(heardAt: now, isRead: false))
    }
    if let number = slots[slot]?.number, slotOfNumber[number] == slot { slotOfNumber[number] = nil }
    slots[slot] = told
    news[slot] = News(heardAt: now, isRead: told.device.view.lastRead != nil)
    slotOf[id] = slot
    if let number = told.number { slotOfNumber[number] = slot }
  }

  private mutating func remove(_ id: DeviceID) -> Bool {
    guard let slot = slotOf.removeValue(forKey: id) else { return false }
    if let number = slots[slot]?.number, slotOfNumber[number] == slot { slotOfNumber[number] = nil }
    slots[slot] = nil
    news[slot].cell = nil
    free.append(slot)
    return true
  }

  // MARK: Asked

  var ids: some Collection<DeviceID> { slotOf.keys }
  var devices: some Sequence<LiveDevice> { slots.indices.lazy.compactMap { live($0) } }
  func knows(_ id: DeviceID) -> Bool { slotOf[id] != nil }
  func live(_ id: DeviceID) -> LiveDevice? { slotOf[id].flatMap { live($0) } }

  private func live(_ slot: Int) -> LiveDevice? {
    slots[slot].map { LiveDevice(told: $0.device, reread: news[slot].reread, heardAt: news[slot].heardAt) }
  }

  mutating func keep(_ id: DeviceID, in cell: Int?) {
    if let slot = slotOf[id] { news[slot].cell = cell }
  }

  /// A device that the operator polls is told again at least once an interval; when its stream is silent, what it
  /// told grows old here.
  func isFresh(_ live: LiveDevice, at now: Moment) -> Bool {
    // After a reconnection it is known again when it has been told again.
    if contact.isLive, !unconfirmed.contains(live.id) { return true }
    return now.instant - live.heardAt <= live.pollInterval * 3 + .seconds(5)
  }
}
