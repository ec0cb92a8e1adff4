/// The import table: imports go down only, and every one of them is declared in `Package.swift`.
struct ImportRules {
    let manifest: Manifest

    /// Modules of the toolchain, by who may use them. Foundation and what it carries is for the tests.
    private static let ofToolchain: Set<String> = ["Swift", "Synchronization", "Glibc", "Testing"]
    private static let ofFoundation = "Foundation"

    /// What is wrong with the declared dependencies themselves.
    func findings() -> [Finding] {
        var findings: [Finding] = []
        var earlier: Set<String> = []
        for target in manifest.targets {
            for name in target.dependencies {
                if let message = complaint(about: name, from: target, isState: false) {
                    findings.append(Finding(path: "Package.swift", line: 0, message: message))
                }
                if target.kind != .other, manifest[name] != nil, !earlier.contains(name) {
                    let message = "\(target.name) stands above \(name), which it needs: the list goes bottom-up"
                    findings.append(Finding(path: "Package.swift", line: 0, message: message))
                }
            }
            earlier.insert(target.name)
        }
        return findings
    }

    /// What is wrong with the imports of one file of `target`.
    func findings(in file: SourceFile, of target: Manifest.Target) -> [Finding] {
        let isState = target.kind == .service && file.name.hasSuffix("State.swift")
        return Self.imports(of: file.text).compactMap { line, module in
            let message: String? =
                if module.hasPrefix(Self.ofFoundation) {
                    target.folder.hasPrefix("Tests/") ? nil : "Foundation is for tests only"
                } else if Self.ofToolchain.contains(module) {
                    toolchainComplaint(about: module, from: target)
                } else if !target.dependencies.contains(module) {
                    "\(target.name) imports \(module) without declaring it in Package.swift"
                } else {
                    complaint(about: module, from: target, isState: isState)
                }
            return message.map { Finding(path: file.path, line: line, message: $0) }
        }
    }

    private func toolchainComplaint(about module: String, from target: Manifest.Target) -> String? {
        switch (module, target.kind) {
        case ("Swift", _), ("Synchronization", .fence), ("Synchronization", .service), ("Glibc", .fence): nil
        case (_, .other): nil
        default: "\(target.kind.rawValue) target \(target.name) may not import \(module)"
        }
    }

    /// Why `target` may not lean on `name`; nil where it may.
    private func complaint(about name: String, from target: Manifest.Target, isState: Bool) -> String? {
        let needed = manifest[name]
        if isState, needed?.kind != .pure {
            return "a state machine imports pure targets only, not \(name)"
        }
        switch target.kind {
        case .pure:
            return needed?.kind == .pure ? nil : "pure target \(target.name) needs \(name), which is not pure"
        case .fence:
            let isAllowed = name == "Bytes" || needed?.isSystemLibrary == true
            return isAllowed ? nil : "fence target \(target.name) needs \(name); it may need Bytes and its C module"
        case .service:
            if name == "Daemon" { return "\(target.name) needs Daemon, which is the top" }
            return needed?.isSystemLibrary == true ? "\(target.name) needs \(name), which is behind a fence" : nil
        case .other:
            return nil
        }
    }

    /// The imported modules with their lines, counted from 1.
    static func imports(of text: String) -> [(line: Int, module: String)] {
        let before: Set<String> = [
            "public", "package", "internal", "fileprivate", "private", "preconcurrency", "testable",
        ]
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        var found: [(Int, String)] = []
        for (index, line) in SwiftText(text).code.enumerated() {
            var words = WordSearch.words(line)[...]
            while let word = words.first, before.contains(word) { words.removeFirst() }
            guard words.first == "import" else { continue }
            words.removeFirst()
            while let word = words.first, kinds.contains(word) { words.removeFirst() }
            if let module = words.first { found.append((index + 1, module)) }
        }
        return found
    }
}
