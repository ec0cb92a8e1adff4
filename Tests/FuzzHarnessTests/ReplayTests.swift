import Foundation
import FuzzBasics
import FuzzHarness
import Testing
import TestSupport

/// Every input that lies beside the fuzz targets, run through the same harness as the fuzzer's own.
struct ReplayTests {
    @Test(arguments: FuzzTarget.allCases.filter { $0 != .canary })
    func `the seeds and regressions of a target pass its oracle`(_ target: FuzzTarget) throws {
        let seeds = try inputs("Fuzz/Corpus/\(target.rawValue)")
        let regressions = try inputs("Fuzz/Regressions/\(target.rawValue)")
        #expect(seeds.count >= 24)
        for (path, bytes) in seeds + regressions {
            do throws(OracleFailure) {
                try target.run(bytes.span)
            } catch {
                Issue.record("\(path): \(error)")
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `no seed of a target is there twice`(_ target: FuzzTarget) throws {
        var names: [[UInt8]: String] = [:]
        for (path, bytes) in try inputs("Fuzz/Corpus/\(target.rawValue)") {
            if let known = names.updateValue(path, forKey: bytes) { Issue.record("\(path) is the same as \(known)") }
        }
    }

    @Test func `every target has an entry and seeds, and every folder a target`() throws {
        let names = Set(FuzzTarget.allCases.map(\.rawValue))
        for folder in ["Fuzz/Targets", "Fuzz/Corpus"] { #expect(try Set(entries(folder)) == names, "\(folder)") }
        for name in names {
            let entry = SharedFiles.packageDirectory.appendingPathComponent("Fuzz/Targets/\(name)/Entry.swift")
            #expect(FileManager.default.fileExists(atPath: entry.path), "\(name)")
        }
        #expect(try Set(entries("Fuzz/Regressions")).isSubset(of: names))
    }

    @Test func `every dictionary is a target's, and made of quoted tokens`() throws {
        let names = Set(FuzzTarget.allCases.map { $0.rawValue + ".dict" })
        let dictionaries = try inputs("Fuzz/Dictionaries")
        #expect(!dictionaries.isEmpty)
        for (path, bytes) in dictionaries {
            #expect(names.contains(String(path.split(separator: "/").last ?? "")), "\(path)")
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
                // The form that libFuzzer reads (https://llvm.org/docs/LibFuzzer.html#dictionaries).
                let isToken =
                    line.count > 2 && line.hasPrefix("\"") && line.hasSuffix("\"") && line.utf8.allSatisfy { $0 < 0x7F }
                #expect(isToken, "\(path): \(line)")
            }
        }
    }

    @Test func `the canary falls, and only at its word`() {
        #expect(throws: OracleFailure.self) { try FuzzTarget.canary.run([UInt8]("dead".utf8).span) }
        for text in ["", "d", "dea", "Dead", "alive"] {
            #expect(throws: Never.self) { try FuzzTarget.canary.run([UInt8](text.utf8).span) }
        }
    }

    /// The files of a folder that git keeps; none where there is no folder.
    private func entries(_ folder: String) throws -> [String] {
        let url = SharedFiles.packageDirectory.appendingPathComponent(folder)
        guard FileManager.default.fileExists(atPath: url.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: url.path).filter { !$0.hasPrefix(".") }
    }

    private func inputs(_ folder: String) throws -> [(path: String, bytes: [UInt8])] {
        try entries(folder).sorted().map { name in
            let url = SharedFiles.packageDirectory.appendingPathComponent("\(folder)/\(name)")
            return ("\(folder)/\(name)", [UInt8](try Data(contentsOf: url)))
        }
    }
}
