import ArgumentParser
import Foundation

struct Version: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Print the version.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, yaml }

  @Option(name: .shortAndLong, help: "Output format.")
  var output: Format = .text

  func run() throws {
    switch output {
    case .text: Console.out(Build.line)
    case .json:
      Console.out(
        "{\"clientVersion\": {\"version\": \"\(Build.version)\", \"platform\": \"\(Build.platform)\", "
          + "\"swift\": \"\(Build.swift)\"}}")
    case .yaml:
      Console.out(
        "clientVersion:\n  version: \"\(Build.version)\"\n  platform: \(Build.platform)\n  swift: \"\(Build.swift)\""
      )
    }
  }
}

extension Build {
  static var platform: String {
    #if arch(x86_64)
      "linux/amd64"
    #elseif arch(arm64)
      "linux/arm64"
    #else
      "linux/unknown"
    #endif
  }

  static var swift: String {
    #if swift(>=6.3)
      "6.3"
    #elseif swift(>=6.2)
      "6.2"
    #else
      "6.1"
    #endif
  }
}
