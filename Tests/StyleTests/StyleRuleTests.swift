import Testing

/// Each rule of style against a sample that breaks it and one that keeps it.
@Suite struct StyleRuleTests {
    private let manifest = Manifest(
        """
        let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
        func target(_ name: String) -> Target { .target(name: name, dependencies: []) }
        // A comment with "quotes" and target("Ghost").
        let pure: [Target] = [ target("Bytes"), target("Wire", ["Bytes"]) ]
        let fence: [Target] = [
            .systemLibrary(name: "CLib", providers: [.apt(["lib-dev"])]),
            target("Lib", ["Bytes", "CLib"]),
        ]
        let service: [Target] = [
            target("Loop", ["Wire", "Lib", logging]),
            target("Daemon", ["Loop"]),
        ]
        let apart: Target = target("Apart", ["Daemon", "Loop"])
        let program: Target = .executableTarget(name: "program", dependencies: ["Daemon"])
        let package = Package(
            name: "p", targets: pure + fence + service + [apart, program] + [
                target("Harness", ["Wire"], path: "Fuzz/Harness"),
                .executableTarget(name: "tool", dependencies: ["Daemon", .target(name: "Wire")]),
                tests("Wire", ["Lib"]),
            ])
        """)

    private func file(_ text: String, path: String = "Sources/Loop/Some.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    private func importFindings(_ text: String, in target: String, name: String = "Some.swift") throws -> [Int] {
        let found = try #require(manifest[target])
        let source = file(text, path: "\(found.folder)/\(name)")
        return ImportRules(manifest: manifest).findings(in: source, of: found).map(\.line)
    }

    @Test func `a manifest is read with kinds, dependencies and folders`() throws {
        let names = [
            "Bytes", "Wire", "CLib", "Lib", "Loop", "Daemon", "Apart", "program", "Harness", "tool", "WireTests",
        ]
        #expect(manifest.targets.map(\.name) == names)
        #expect(manifest["Apart"]?.kind == .service)
        #expect(manifest["program"]?.kind == .other)
        #expect(manifest["Wire"]?.kind == .pure)
        #expect(manifest["Loop"]?.dependencies == ["Wire", "Lib", "Logging"])
        #expect(manifest["Harness"]?.folder == "Fuzz/Harness")
        #expect(manifest["tool"]?.dependencies == ["Daemon", "Wire"])
        #expect(manifest["WireTests"]?.dependencies == ["Wire", "TestSupport", "Lib"])
        #expect(manifest["WireTests"]?.folder == "Tests/WireTests")
        #expect(manifest.fences.map(\.name) == ["Lib"])
        let complaints = ImportRules(manifest: manifest).findings().map(\.message)
        #expect(complaints == ["Apart needs Daemon, which is the top"])
    }

    @Test(arguments: [
        #"let pure = [target("A", ["F"])]; let fence = [target("F")]"#,
        #"let fence = [.systemLibrary(name: "C"), target("F", ["C"]), target("G", ["F"])]"#,
        #"let service = [target("Daemon"), target("S", ["Daemon"])]"#,
        #"let fence = [.systemLibrary(name: "C")]; let service = [target("S", ["C"])]"#,
        #"let pure = [target("B", ["A"]), target("A")]"#,
    ])
    func `a dependency that goes up or sideways is found`(text: String) {
        #expect(!ImportRules(manifest: Manifest(text)).findings().isEmpty)
    }

    @Test func `an import that goes up, sideways or is not declared is found`() throws {
        #expect(try importFindings("internal import Bytes\npackage import Lib\n", in: "Wire") == [2])
        #expect(try importFindings("import Foundation", in: "Loop") == [1])
        #expect(try importFindings("import FoundationEssentials", in: "Harness") == [1])
        #expect(try importFindings("import Foundation", in: "WireTests") == [])
        #expect(try importFindings("internal import Glibc", in: "Loop") == [1])
        #expect(try importFindings("internal import Glibc\nimport Synchronization", in: "Lib") == [])
        #expect(try importFindings("internal import Synchronization", in: "Wire") == [1])
        #expect(try importFindings("internal import Bytes", in: "Loop") == [1])
        #expect(try importFindings("@preconcurrency import struct Bytes.Queue", in: "Loop") == [1])
        #expect(try importFindings("internal import Daemon", in: "Loop") == [1])
        #expect(try importFindings("internal import Wire // import Lost", in: "Loop") == [])
    }

    @Test func `a state machine of a service target imports pure targets only`() throws {
        let text = "internal import Wire\ninternal import Lib\n"
        #expect(try importFindings(text, in: "Loop", name: "ConnectionState.swift") == [2])
        #expect(try importFindings(text, in: "Loop", name: "Connection.swift") == [])
    }

    @Test func `unchecked code is found in code and not in comments or text`() {
        let text = """
            // unsafe in a comment, and \u{22}unsafe\u{22} too
            let a = "unsafe" /* withUnsafeBytes */
            let b = unsafe pointer
            let c = "\\(bytes.withUnsafeBytes { $0 })"
            """
        #expect(SafetyRules.unsafeFindings(in: file(text)).map(\.line) == [3, 4])
    }

    @Test func `what could trap has its reason on the line or right above it`() {
        let text = """
            let a = try! f()
            // The table above holds this key.
            let b = table["k"]!
            let c = d as! E // checked by the caller

            fatalError("no")
            let e: T!
            if !f != g! { }
            struct S: @unchecked Sendable { }
            nonisolated(unsafe) var h = 0
            let i = j != k && !l
            """
        #expect(SafetyRules.reasonFindings(in: file(text)).map(\.line) == [1, 6, 7, 8, 9, 10])
    }

    @Test func `a long file and a long line are found`() {
        let short = String(repeating: "x\n", count: LengthRules.fileLinesMax)
        #expect(LengthRules.fileFindings(in: file(short)).isEmpty)
        #expect(LengthRules.fileFindings(in: file(short + "x\n")).map(\.line) == [0])
        let line = String(repeating: "é", count: LengthRules.lineCharactersMax)
        #expect(LengthRules.fileFindings(in: file(line)).isEmpty)
        #expect(LengthRules.fileFindings(in: file("\n" + line + "x")).map(\.line) == [2])
    }

    @Test func `a long function is found, whatever it is called and however its head is cut`() {
        let body = String(repeating: "    f(\"}\")\n", count: LengthRules.functionLinesMax - 2)
        #expect(LengthRules.functionFindings(in: file("func a() {\n\(body)}")).isEmpty)
        let heads = [
            "func a(\n    b: () -> Void = { }\n) throws(E) -> [T] where T: P {", "init() {\n", "deinit {\n",
            "func `a sentence with }`() {\n", "func == (a: A, b: A) -> Bool {\n",
        ]
        for head in heads {
            let found = LengthRules.functionFindings(in: file("protocol P { func q() }\n\(head)\n\(body)}"))
            #expect(found.map(\.line) == [2], "\(head)")
        }
        let nested = FunctionScan(SwiftText("func a() {\n  func b() {\n  }\n}\nlet c = T.init { }").code).functions
        #expect(nested.map(\.lines) == [4, 2])
    }

    @Test func `words for work left over are found whole`() {
        for word in WordRules.banned {
            #expect(WordRules.findings(in: file("a\n// \(word): later")).map(\.line) == [2])
            #expect(WordRules.findings(in: file("a\(word)b")).isEmpty)
        }
    }

    @Test func `a path that a document names and that does not exist is found`() {
        let rules = DocumentRules(exists: { $0 == "Sources/A.swift" || $0 == "Docs" }, fileNames: ["B.swift"])
        let text = """
            `Sources/A.swift` `B.swift` `/healthz` `image/jpeg` `GET /images/{id}` `users/1`
            `Sources/Lost.swift`
            `Lost.swift`
            [a](../Sources/A.swift) [b](https://example.org/x) [c](#top)
            [d](Lost.md)
            """
        #expect(rules.findings(in: file(text, path: "Docs/Some.md")).map(\.line) == [2, 3, 5])
    }

    @Test func `the scanner keeps code apart from comments and literals`() {
        let text = ##"""
            a /* b /* c */ d */ e
            "f // g" h // i
            #"j \(k) " l"# m
            """
            n \(o("p")) q
            """ r
            `s // t` u
            """##
        let words = SwiftText(text).code.map { WordSearch.words($0) }
        #expect(words == [["a", "e"], ["h"], ["m"], [], ["o"], ["r"], ["u"]])
        #expect(SwiftText(text).hasComment == [true, true, false, false, false, false, false])
    }
}
