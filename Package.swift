// swift-tools-version: 6.2
// The swift-tools-version is the oldest that knows strict memory safety and per-target warning control.

import PackageDescription

/// What every Swift target of Sluice is compiled with.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

// Pure: values in, values out.
let pure: [Target] = [
    target("Bytes"),
]

let package = Package(
    name: "sluice",
    products: [],
    targets: pure + [
        tests("BytesTests", ["Bytes"]),
    ]
)
