import TestSupport
import Testing

/// The rules of style, held against the checkout itself. `StyleRuleTests` shows that each of them can fail.
@Suite struct StyleTests {
    @Test func `every target of Package.swift has its folder, and every folder of Sources its target`() throws {
        let manifest = try Manifest(SourceTree.file("Package.swift").text)
        #expect(manifest.targets.count > 20)
        for target in manifest.targets {
            #expect(SourceTree.exists(target.folder), "\(target.name) has no folder \(target.folder)")
        }
        let folders = try Set(SourceTree.files(under: "Sources", endings: [".swift", ".h"]).map(\.folder))
        let names = Set(manifest.targets.map(\.name))
        #expect(folders.isSubset(of: names), "no target for \(folders.subtracting(names).sorted())")
    }

    @Test func `imports go down only and are declared`() throws {
        let manifest = try Manifest(SourceTree.file("Package.swift").text)
        let rules = ImportRules(manifest: manifest)
        var findings = rules.findings()
        var fileCount = 0
        for target in manifest.targets {
            for file in try SourceTree.files(under: target.folder, endings: [".swift"]) {
                findings += rules.findings(in: file, of: target)
                fileCount += 1
            }
        }
        #expect(fileCount > 30)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    @Test func `unchecked code stands in fence targets only`() throws {
        let manifest = try Manifest(SourceTree.file("Package.swift").text)
        let fences = Set(manifest.fences.map(\.name))
        #expect(fences.isSuperset(of: ["Linux", "Crypto", "Dialing", "Database", "Systemd"]))
        let sources = try SourceTree.files(under: "Sources", endings: [".swift"]).filter { !fences.contains($0.folder) }
        // An entry of libFuzzer is handed a pointer and a count.
        let fuzz = try SourceTree.files(under: "Fuzz", endings: [".swift"]).filter { $0.folder != "Targets" }
        let findings = (sources + fuzz).flatMap(SafetyRules.unsafeFindings)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    @Test func `what could trap or race has a reason beside it`() throws {
        let findings = try code(in: ["Sources", "Fuzz"]).flatMap(SafetyRules.reasonFindings)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    @Test func `files, functions and lines are short enough`() throws {
        let files = try code(in: ["Sources", "Fuzz", "Tests"])
        let findings =
            try files.flatMap(LengthRules.fileFindings) + files.flatMap(LengthRules.functionFindings)
            + SourceTree.files(under: "Tests", endings: [".py"]).flatMap(LengthRules.fileFindings)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    @Test func `nothing is left to be done in a comment`() throws {
        let endings = [".swift", ".h", ".modulemap", ".py", ".sh", ".md", ".service", ".ini", "run", "setup"]
        var files = [try SourceTree.file("Package.swift"), try SourceTree.file("Makefile")]
        for folder in ["Sources", "Tests", "Fuzz", "Docs", "systemd", ".ci"] {
            files += try SourceTree.files(under: folder, endings: endings)
        }
        let findings = files.flatMap(WordRules.findings)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    @Test func `the documents name only what exists`() throws {
        let rules = DocumentRules(exists: SourceTree.exists, fileNames: SourceTree.fileNames())
        let top = try [SourceTree.file("README.md"), SourceTree.file("SECURITY.md")]
        let documents = try SourceTree.files(under: "Docs", endings: [".md"]) + top
        #expect(documents.count >= 3)
        let findings = documents.flatMap(rules.findings)
        #expect(findings.isEmpty, Comment(rawValue: findings.listed))
    }

    private func code(in folders: [String]) throws -> [SourceFile] {
        try folders.flatMap { try SourceTree.files(under: $0, endings: [".swift"]) }
    }
}
