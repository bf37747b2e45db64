import Foundation

extension Kubeconfig {
  /// Reads the kubeconfig that kubectl would: `path`, else the files of `KUBECONFIG`, else `~/.kube/config`.
  ///
  /// Files of `KUBECONFIG` that do not exist are passed over; that none exists is an error, as is a missing
  /// `path`.
  public static func load(path: String? = nil, environment: [String: String]) throws(KubeconfigError)
    -> Kubeconfig
  {
    var files: [String]
    var isRequired = false
    if let path {
      files = [path]
      isRequired = true
    } else {
      files = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
      if files.isEmpty { files = [(environment["HOME"] ?? "") + "/.kube/config"] }
    }
    var merged = Kubeconfig()
    for file in files {
      let exists = FileManager.default.fileExists(atPath: file)
      guard exists || isRequired else { continue }
      merged.merge(try read(file))
    }
    guard !merged.files.isEmpty else {
      throw KubeconfigError(
        file: files.joined(separator: ":"), message: "no such file; name one with --kubeconfig or KUBECONFIG")
    }
    return merged
  }

  private static func read(_ file: String) throws(KubeconfigError) -> Kubeconfig {
    let text: String
    do {
      text = try readText(file, limit: 4 << 20)
    } catch {
      throw KubeconfigError(file: file, message: error.message)
    }
    return try Kubeconfig(parsing: text, file: file)
  }
}

/// The text of a file of at most `limit` bytes; the error's message does not repeat the path.
func readText(_ path: String, limit: Int) throws(RequestError) -> String {
  let data: Data?
  do {
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    data = try handle.read(upToCount: limit + 1)
  } catch {
    throw RequestError(message: "cannot be read: \(reason(error))")
  }
  let bytes = data ?? Data()
  guard bytes.count <= limit else { throw RequestError(message: "is larger than \(limit) bytes") }
  guard let text = String(data: bytes, encoding: .utf8) else {
    throw RequestError(message: "is not UTF-8 text")
  }
  return text
}

private func reason(_ error: any Error) -> String {
  let error = error as NSError
  let underlying = error.userInfo[NSUnderlyingErrorKey] as? NSError ?? error
  if underlying.domain == NSPOSIXErrorDomain {
    return String(cString: strerror(Int32(clamping: underlying.code)))
  }
  switch (error as? CocoaError)?.code {
  case .fileReadNoSuchFile?, .fileNoSuchFile?: return "no such file"
  case .fileReadNoPermission?: return "permission denied"
  default: return error.localizedDescription
  }
}
