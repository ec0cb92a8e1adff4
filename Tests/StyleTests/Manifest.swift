/// What `Package.swift` says, read from its text: the three kinds exist there only as headings and arrays.
struct Manifest {
    enum Kind: String {
        case pure, fence, service
        /// Executables, the fuzz harness, test support and tests.
        case other
    }

    struct Target: Equatable {
        let name: String
        let kind: Kind
        /// Names of targets and of products of other packages.
        let dependencies: [String]
        /// From the top of the checkout.
        let folder: String
        /// A module map of a C library.
        let isSystemLibrary: Bool
    }

    /// In the order of the text.
    let targets: [Target]

    subscript(name: String) -> Target? { targets.first { $0.name == name } }

    /// The fence targets that hold Swift code: the only ones where `unsafe` may stand.
    var fences: [Target] { targets.filter { $0.kind == .fence && !$0.isSystemLibrary } }

    init(_ text: String) {
        var parser = ManifestParser(SwiftTokens(text).tokens)
        let file = parser.parse()
        let products = file.lets.compactMapValues(Self.dependencyName)
        targets = file.calls.compactMap { Self.target($0.call, in: $0.constant, products: products) }
    }

    private static func target(_ call: ManifestCall, in constant: String, products: [String: String]) -> Target? {
        let isTest = call.name == "tests" || call.name == ".testTarget"
        let makers = ["target", ".target", ".executableTarget", ".systemLibrary"]
        guard isTest || makers.contains(call.name) else { return nil }
        guard case .string(let subject)? = call.argument("name") ?? call.unlabelled(0) else { return nil }
        let name = call.name == "tests" ? subject + "Tests" : subject
        var dependencies: [String] = call.name == "tests" ? [subject, "TestSupport"] : []
        if case .array(let values)? = call.argument("dependencies") ?? call.unlabelled(1) {
            for value in values {
                if case .name(let identifier) = value, let product = products[identifier] {
                    dependencies.append(product)
                } else if let dependency = dependencyName(value) {
                    dependencies.append(dependency)
                }
            }
        }
        var folder = (isTest ? "Tests/" : "Sources/") + name
        if case .string(let path)? = call.argument("path") { folder = path }
        // A library that stands apart from the three lists joins what they hold: a service.
        let isLibrary = call.name == "target" && folder.hasPrefix("Sources/")
        return Target(
            name: name, kind: Kind(rawValue: constant) ?? (isLibrary ? .service : .other), dependencies: dependencies,
            folder: folder, isSystemLibrary: call.name == ".systemLibrary")
    }

    /// `"Bytes"`, `.target(name: "Bytes")`, `.product(name: "Logging", package: "swift-log")`.
    private static func dependencyName(_ value: ManifestValue) -> String? {
        switch value {
        case .string(let name): return name
        case .call(let call):
            guard [".target", ".product", ".byName"].contains(call.name) else { return nil }
            if case .string(let name)? = call.argument("name") { return name }
            return nil
        case .array, .name: return nil
        }
    }
}
