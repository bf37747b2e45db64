import Control
import Fleet

/// What one operator's stream has told.
struct FeedBook: Sendable {
  var contact: Contact
  private(set) var header: FleetHeader?
  private(set) var devices: [DeviceID: LiveDevice] = [:]
  /// What `reads` lines of this stream call the devices.
  private var numbers: [Int: DeviceID] = [:]
  /// Told before the stream was opened anew and not again since.
  private var unconfirmed: Set<DeviceID> = []
  /// The other side's clock minus ours, when the last header came.
  private(set) var clockOffset: TimeSpan?
  private(set) var hasSynced = false

  struct LiveDevice: Sendable {
    var device: ReportedDevice
    var heardAt: Instant
  }

  init(at now: Moment) { contact = Contact(since: now) }

  /// A stream begins: it tells everything again.
  mutating func begin(at now: Moment) {
    unconfirmed = Set(devices.keys)
    numbers = [:]
    contact.heard(at: now)
  }

  /// Takes a line; returns the devices that changed. Throws for a line that does not fit those before it: what is shown
  /// could not be believed any more.
  mutating func take(_ line: FleetLine, at now: Moment) throws(FleetLineError) -> [DeviceID] {
    contact.heard(at: now)
    switch line {
    case .fleet(let header):
      self.header = header
      clockOffset = header.at.map { $0 - now.wall }
      return []
    case .device(let device, let number):
      let id = device.spec.id
      if let number { numbers[number] = id }
      unconfirmed.remove(id)
      devices[id] = LiveDevice(device: device, heardAt: now.instant)
      return [id]
    case .reads(let readings):
      var changed: [DeviceID] = []
      changed.reserveCapacity(readings.count)
      for told in readings {
        guard let id = numbers[told.number] else {
          throw FleetLineError(message: "reads of \(told.number), which is no device's number")
        }
        guard devices[id]?.device.view.apply(told.reading) == true else {
          throw FleetLineError(message: "reads of \(id) do not fit what was told of it before")
        }
        devices[id]?.heardAt = now.instant
        changed.append(id)
      }
      return changed
    case .removed(let id):
      unconfirmed.remove(id)
      return devices.removeValue(forKey: id) == nil ? [] : [id]
    case .synced:
      hasSynced = true
      let gone = Array(unconfirmed)
      unconfirmed = []
      for id in gone { devices[id] = nil }
      return gone
    case .event, .ping, .unknown: return []
    }
  }

  /// A device that the operator polls is told again at least once an interval; when its stream is silent, what it
  /// told grows old here.
  func isFresh(_ live: LiveDevice, at now: Moment) -> Bool {
    // After a reconnection it is known again when it has been told again.
    if contact.isLive, !unconfirmed.contains(live.device.spec.id) { return true }
    return now.instant - live.heardAt <= live.device.spec.pollInterval * 3 + .seconds(5)
  }
}
