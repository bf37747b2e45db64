// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody else builds with the fuzzer's instrumentation: the codec's folders of
// Sources/Modbus, which need nothing but NIOCore. See run.

let fuzzed: [SwiftSetting] = [
  .swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny"),
  .unsafeFlags(["-sanitize=fuzzer,address", "-parse-as-library"]),
]

let package = Package(
  name: "fabgitops-fuzz",
  dependencies: [.package(url: "https://github.com/apple/swift-nio", exact: "2.101.2")],
  targets: [
    .target(
      name: "Modbus",
      dependencies: [.product(name: "NIOCore", package: "swift-nio")], path: "Sources/Modbus",
      swiftSettings: fuzzed),
    .executableTarget(
      name: "ModbusFuzz", dependencies: ["Modbus", .product(name: "NIOCore", package: "swift-nio")],
      path: "Sources/ModbusFuzz", swiftSettings: fuzzed,
      linkerSettings: [.unsafeFlags(["-sanitize=fuzzer,address", "-use-ld=lld"])]),
  ]
)
