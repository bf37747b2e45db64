// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody else builds with the fuzzer's instrumentation. Its targets are links to what
// parses in ../Sources, without what it takes to reach a network or a disk. See run.

// FUZZ_PLAIN=1: without the address sanitizer, for more inputs in the same time.
let sanitizers = Context.environment["FUZZ_PLAIN"] == nil ? "-sanitize=fuzzer,address" : "-sanitize=fuzzer"
let fuzzed: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
  .unsafeFlags([sanitizers, "-parse-as-library", "-enable-testing"]),
]

func linked(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: fuzzed)
}

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

let package = Package(
  name: "fabgitops-fuzz",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    linked("Control"),
    linked("Fleet", ["Control"]),
    linked("Manifest", ["Control", yams]),
    linked("Modbus", [nioCore]),
    linked("MockPLC", ["Modbus", yams]),
    linked("Terminal"),
    linked("ThemeFiles", ["Terminal", yams]),
    linked("Kubernetes", [yams]),
    linked("Cluster", ["Control", "Fleet", "Kubernetes", "Manifest"]),
    linked("GitSource", ["Control", "Manifest"]),
    linked("Observability", ["Control", "Fleet"]),
    linked("Contexts", ["Manifest"]),
    .executableTarget(
      name: "Fuzz",
      dependencies: [
        "Cluster", "Contexts", "Control", "Fleet", "GitSource", "Kubernetes", "Manifest", "MockPLC", "Modbus",
        "Observability", "Terminal", "ThemeFiles", nioCore,
      ],
      path: "Sources/Fuzz", swiftSettings: fuzzed,
      linkerSettings: [.unsafeFlags([sanitizers, "-use-ld=lld"])]),
  ]
)
