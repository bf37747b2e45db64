import Control
import Fleet
import Kubernetes
import Manifest

/// What clusters tell of their PLCs now: one reading, for commands that print and end.
public struct ClusterListing: Sendable {
  public var snapshot: FleetSnapshot
  /// The objects as the API server has them, without `managedFields`.
  public var objects: [DeviceID: JSONValue] = [:]
  /// Where each specification came from, where that is known: `main@sha1:…`.
  public var revisions: [DeviceID: String] = [:]
  /// Last read of the status.
  public var conditions: [DeviceID: [PLCCondition]] = [:]

  /// Which site could not be asked, and why.
  public struct Failure: Error, Sendable {
    public var site: String
    public var error: ClientError
  }

  /// Lists every site. Throws a `Failure` when one of them cannot be listed: half a fleet is not the fleet.
  public static func read(
    _ sites: [Site], userAgent: String, environment: [String: String]
  ) async throws(Failure) -> ClusterListing {
    var options = AttachOptions(userAgent: userAgent, environment: environment)
    // Somebody is waiting at a prompt.
    options.client.retry.attempts = 2
    options.client.connectTimeout = .seconds(5)
    let now = AttachedDesk.now()
    var book = FleetBook(
      sites.map {
        SiteBook(name: $0.name, prefix: sites.count > 1 ? $0.name : nil, hasCluster: true, at: now)
      }, at: now)
    var listing = ClusterListing(snapshot: book.snapshot(at: now))
    for site in sites {
      guard let access = site.access else { continue }
      let reader = ClusterReader(access.configuration, options: options)
      let objects: [DynamicObject]
      do throws(ClientError) {
        objects = try await reader.list(
          .industrialPLCs, DynamicObject.self, namespace: access.namespace)
      } catch {
        throw Failure(site: site.name, error: error)
      }
      for object in objects {
        book.upsert(object, of: site.name, at: now)
        listing.keep(object, as: book.shownID(object, of: site.name))
      }
      book.change(site.name) { $0.endList() }
    }
    listing.snapshot = book.snapshot(at: now)
    return listing
  }

  private mutating func keep(_ object: DynamicObject, as id: DeviceID) {
    var json = object.json
    if var metadata = json["metadata"] {
      metadata["managedFields"] = nil
      json["metadata"] = metadata
    }
    // Items of a list come without them.
    json["apiVersion"] = .string(ResourceType.industrialPLCs.apiVersion)
    json["kind"] = .string(ResourceType.industrialPLCs.kind)
    objects[id] = json
    let status = json["status"] ?? [:]
    revisions[id] = status["source"]?["revision"]?.stringValue
    conditions[id] = PLCCondition.read(ManifestValue(status))
  }

  /// The latest Kubernetes events of one device, oldest first; none when they may not be listed.
  public static func events(
    of id: DeviceID, at site: Site, userAgent: String, environment: [String: String]
  ) async -> [FleetEvent] {
    guard let access = site.access else { return [] }
    let options = AttachOptions(userAgent: userAgent, environment: environment)
    let reader = ClusterReader(access.configuration, options: options)
    let kind = ResourceType.industrialPLCs.kind
    let selection = Selection(fields: "involvedObject.kind=\(kind),involvedObject.name=\(id.name)")
    do throws(ClientError) {
      let events = try await reader.list(
        .events, CoreEvent.self, namespace: id.namespace, selection: selection)
      return events.compactMap(FleetEvent.init).sorted { $0.at < $1.at }
    } catch {
      return []
    }
  }
}

extension FleetBook {
  fileprivate func shownID(_ object: DynamicObject, of site: String) -> DeviceID {
    let id = DeviceID(namespace: object.metadata.namespace ?? "", name: object.metadata.name ?? "")
    return sites.first { $0.name == site }?.prefixed(id) ?? id
  }
}
