// swift-tools-version: 6.2
// 6.2 is the oldest tools version that knows strict memory safety and warnings as errors per target.

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

func target(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ subject: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: subject + "Tests", dependencies: [.target(name: subject), "TestSupport"] + dependencies,
        swiftSettings: strict)
}

let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

// Pure: values in, values out. No descriptors, clocks, threads, environment, Foundation or `unsafe`.
let pure: [Target] = [
    target("Bytes"),
    target("HTTPWire", ["Bytes"]),
    target("FormData", ["Bytes"]),
    target("JSONWire", ["Bytes"]),
    target("XMLWire", ["Bytes"]),
    target("Images", ["Bytes"]),
    target("Tokens", ["Bytes", "JSONWire"]),
    target("SigV4", ["Bytes"]),
    target("StoreStates", ["Bytes", "SigV4", "XMLWire"]),
    target("Settings", ["Bytes"]),
    target("Gateway", ["Bytes", "FormData", "HTTPWire", "Images", "JSONWire", "Tokens"]),
]

// Fence: the only targets where `unsafe` may stand. Each wraps one C library or the kernel.
let fence: [Target] = [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "COpenSSL", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CSQLite", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CSystemd", providers: [.apt(["libsystemd-dev"])]),
    target("Linux", ["Bytes", "CLinux"]),
    target("Crypto", ["Bytes", "COpenSSL"]),
    target("TLS", ["Bytes", "COpenSSL"]),
    target("Dialing", ["Bytes", "CCurl"]),
    target("Database", ["Bytes", "CSQLite"]),
    target("Systemd", ["Bytes", "CSystemd"]),
]

// Service: joins pure cores to fences; performs effects and feeds events back.
let service: [Target] = [
    target("Reactor", ["Bytes", "Linux"]),
    target("Telemetry", ["Bytes", "JSONWire", "Linux", "Systemd", logging]),
    target("HTTPClient", ["Bytes", "Dialing", "HTTPWire", "Linux", "TLS"]),
    target("Serving", ["Bytes", "HTTPWire", "Linux", "Reactor", "TLS"]),
    target(
        "AWS",
        [
            "Bytes", "Crypto", "HTTPClient", "JSONWire", "Linux", "Reactor", "Settings", "SigV4", "StoreStates",
            "Tokens", "XMLWire",
        ]),
    target(
        "ObjectStore",
        [
            "AWS", "Bytes", "Crypto", "Gateway", "HTTPClient", "Linux", "Reactor", "SigV4", "StoreStates", "XMLWire",
            logging,
        ]),
    target("Catalog", ["Bytes", "Database", "Gateway", "Linux", "Reactor", logging]),
    target("Recovery", ["Bytes", "Catalog", "Gateway", "Linux", "ObjectStore", "Reactor"]),
    target(
        "Uploads",
        [
            "AWS", "Bytes", "Catalog", "Crypto", "Gateway", "HTTPClient", "HTTPWire", "Images", "Linux", "ObjectStore",
            "Reactor", "Serving", "StoreStates", "Tokens",
        ]),
    target(
        "Daemon",
        [
            "AWS", "Bytes", "Catalog", "Crypto", "Gateway", "HTTPClient", "HTTPWire", "Images", "JSONWire", "Linux",
            "ObjectStore", "Reactor", "Recovery", "Serving", "Settings", "SigV4", "StoreStates", "Systemd", "TLS",
            "Telemetry", "Tokens", "Uploads", logging,
        ]),
]

// The program reads its arguments and hands over to `Daemon`, or an input to the harness of the fuzz targets.
let program: Target = .executableTarget(
    name: "sluice", dependencies: ["Daemon", "FuzzReplay", "Linux", "Settings", argumentParser],
    swiftSettings: strict)

let package = Package(
    name: "sluice",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: pure + fence + service + [program] + [
        target("FuzzPlain", ["Bytes"], path: "Fuzz/Plain"),
        target("FuzzBasics", ["Bytes", "FuzzPlain"], path: "Fuzz/Basics"),
        target("FuzzBytes", ["Bytes", "FuzzBasics", "FuzzPlain"], path: "Fuzz/Bytes"),
        target("FuzzBounds", ["FuzzBasics", "FuzzPlain", "HTTPWire"], path: "Fuzz/Bounds"),
        target("FuzzWire", ["Bytes", "FuzzBasics", "FuzzBounds", "FuzzPlain", "HTTPWire"], path: "Fuzz/Wire"),
        target(
            "FuzzClaims", ["Bytes", "Crypto", "FuzzBasics", "FuzzPlain", "JSONWire", "Tokens"], path: "Fuzz/Claims"),
        target("FuzzFields", ["Bytes", "FuzzBasics", "FuzzPlain", "Gateway", "HTTPWire"], path: "Fuzz/Fields"),
        target(
            "FuzzValues", ["Bytes", "Crypto", "FormData", "FuzzBasics", "FuzzPlain", "Images", "SigV4", "XMLWire"],
            path: "Fuzz/Values"),
        target("FuzzConfiguration", ["Bytes", "FuzzBasics", "FuzzPlain", "Settings"], path: "Fuzz/Configuration"),
        target("FuzzLoop", ["Bytes", "FuzzBasics", "FuzzPlain", "Reactor"], path: "Fuzz/Loop"),
        target(
            "FuzzRecords", ["Bytes", "FuzzBasics", "FuzzPlain", "FuzzWire", "HTTPWire", "TLS"], path: "Fuzz/Records"),
        target(
            "FuzzRequests",
            [
                "Bytes", "FormData", "FuzzBasics", "FuzzClaims", "FuzzPlain", "Gateway", "HTTPWire", "Images",
                "JSONWire", "Tokens",
            ], path: "Fuzz/Requests"),
        target(
            "FuzzWorld", ["Bytes", "FormData", "FuzzBasics", "Gateway", "Images", "StoreStates", "Tokens"],
            path: "Fuzz/World"),
        target(
            "FuzzHarness",
            [
                "FuzzBasics", "FuzzBounds", "FuzzBytes", "FuzzClaims", "FuzzConfiguration", "FuzzFields", "FuzzLoop",
                "FuzzRecords", "FuzzRequests", "FuzzValues", "FuzzWire", "FuzzWorld",
            ], path: "Fuzz/Harness"),
        target("FuzzReplay", ["FuzzBasics", "FuzzHarness", "Linux"], path: "Fuzz/Replay"),
        .executableTarget(
            name: "sluice-replay", dependencies: ["FuzzReplay", "Linux"], path: "Fuzz/ReplayProgram",
            swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/Support", swiftSettings: strict),
        .testTarget(name: "StyleTests", dependencies: ["TestSupport"], swiftSettings: strict),
        tests("Bytes"),
        tests("HTTPWire", ["Bytes"]),
        tests("FormData", ["Bytes", "Images"]),
        tests("JSONWire", ["Bytes"]),
        tests("XMLWire", ["Bytes"]),
        tests("Images", ["Bytes"]),
        tests("Tokens", ["Bytes", "Crypto"]),
        tests("SigV4", ["Bytes", "Crypto"]),
        tests("StoreStates"),
        tests("Settings", ["Bytes"]),
        tests("Gateway", ["Bytes", "FormData", "HTTPWire", "Images", "Tokens"]),
        tests("Linux", ["Bytes"]),
        tests("Crypto", ["Bytes"]),
        tests("TLS", ["Bytes"]),
        tests("HTTPClient", ["Bytes", "COpenSSL", "Linux", "TLS"]),
        tests("Database", ["Bytes"]),
        tests("Systemd", ["Bytes", "Linux"]),
        tests("Reactor", ["Bytes", "Linux"]),
        tests("Telemetry", ["Bytes", "Linux", logging]),
        tests("Serving", ["Bytes", "HTTPWire", "Linux", "Reactor", "TLS"]),
        tests("ObjectStore", ["AWS", "Bytes", "Gateway", "HTTPClient", "Linux", "Reactor", "SigV4", "StoreStates"]),
        tests("Recovery", ["Catalog", "Gateway", "ObjectStore", "Reactor", logging]),
        tests("AWS", ["Bytes", "HTTPClient", "Linux", "Reactor", "SigV4", "Tokens"]),
        tests("Catalog", ["Bytes", "Database", "Gateway", "Images", "Linux", "Reactor", "Tokens", logging]),
        tests("Uploads", ["Gateway", "StoreStates"]),
        tests(
            "FuzzHarness",
            [
                "Bytes", "Crypto", "FormData", "FuzzBasics", "FuzzBounds", "FuzzBytes", "FuzzClaims",
                "FuzzConfiguration", "FuzzFields", "FuzzPlain", "FuzzRecords", "FuzzValues", "FuzzWire", "FuzzWorld",
                "Gateway", "HTTPWire", "Images", "JSONWire", "Settings", "SigV4", "TLS", "Tokens", "XMLWire",
            ]),
    ]
)

/// Leaves nothing in the package but these targets and what they need.
@MainActor func keep(_ names: [String]) {
    var needed = names
    var next = 0
    while next < needed.count {
        let subject = package.targets.first { $0.name == needed[next] }
        for dependency in subject?.dependencies ?? [] {
            switch dependency {
            case .byNameItem(let name, _), .targetItem(let name, _): if !needed.contains(name) { needed.append(name) }
            default: break
            }
        }
        next += 1
    }
    package.targets.removeAll { !needed.contains($0.name) }
}

// `.ci/sanitized` names the subjects whose tests it builds with a sanitizer: all of them would take twice as long.
if let subjects = Context.environment["SLUICE_TESTS"] {
    keep(subjects.split(separator: ",").map { $0 + "Tests" })
}

// libFuzzer brings their `main`; where nothing asks for it they would not link. `Fuzz/Lab/building.py` sets the
// variable to the names of the wanted ones with commas between. The package is then these and what they need, so that
// one `swift build` makes them all and nothing else.
if let wanted = Context.environment["SLUICE_FUZZ"] {
    let chosen = wanted.split(separator: ",").map(String.init)
    // The smallest part of the harness that has the target: with all counters behind it, it would be half as fast.
    func harness(_ name: String) -> String {
        switch name {
        case "Canary": "FuzzBasics"
        case "RequestParser": "FuzzBounds"
        case "ByteValues": "FuzzBytes"
        case "JSON", "TokenStructured", "TokenVerify": "FuzzClaims"
        case "ProfileFile", "Settings": "FuzzConfiguration"
        case "FieldValues": "FuzzFields"
        case "Registrations": "FuzzLoop"
        case "TLSRecords": "FuzzRecords"
        case "FileName", "FormData", "MagicNumber", "SigV4", "StoreXML": "FuzzValues"
        case "Chunked", "RequestGenerated", "RequestReference", "RequestRoundTrip", "RequestSplit", "Response",
            "ResponseWriter":
            "FuzzWire"
        case "Gateway": "FuzzWorld"
        case "GatewayRequests": "FuzzRequests"
        default: fatalError("harness(_:) in Package.swift does not say what module has \(name)")
        }
    }
    keep(chosen.map(harness))
    for name in chosen {
        package.targets.append(
            .executableTarget(
                name: "Fuzz" + name, dependencies: ["FuzzBasics", .init(stringLiteral: harness(name))],
                path: "Fuzz/Targets/" + name, swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
    }
}

// What libFuzzer is to count, module by module: `Fuzz/Lab/building.py` sets the variable to the sanitizer it links.
// `--sanitize=fuzzer --sanitize=address` reach the compiler in either order, and it takes the last alone, without an
// error: `fuzzer` leaves AddressSanitizer out of the code, `address` the counters. What stands here comes behind them.
if let sanitizer = Context.environment["SLUICE_FUZZ_SANITIZER"] {
    // The world is played, and half of all counters that an input moves were its own; what makes and reads tokens a
    // second time moved a third. Without them the product's lead to as much of the product or more in the same time.
    // Of other oracles that was not found: one that tells cases apart that the product takes for one is a guide too.
    let uncounted = ["FuzzClaims", "FuzzPlain", "FuzzWorld"]
    // By name, without the tracing of comparisons: there are dictionaries.
    let counted = ["-sanitize=fuzzer,\(sanitizer)", "-sanitize-coverage=edge,inline-8bit-counters,pc-table"]
    // Nor need the world watch its own classes for overlapping accesses, which its tests do, over thousands of worlds.
    let plain = ["-sanitize=\(sanitizer)", "-enforce-exclusivity=unchecked"]
    // libFuzzer looks at all counters after each input: those of functions that nothing calls are to go. Where each has
    // a section of its own, and none is kept for its name, the linker that Swift brings leaves them out.
    let apart = ["-Xfrontend", "-function-sections", "-Xfrontend", "-internalize-at-link"]
    for target in package.targets where target.type != .system {
        let flags = uncounted.contains(target.name) ? plain : counted
        target.swiftSettings = (target.swiftSettings ?? []) + [.unsafeFlags(flags + apart)]
        if target.type == .executable { target.linkerSettings = [.unsafeFlags(["-use-ld=lld"])] }
    }
}
