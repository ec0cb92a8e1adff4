import Foundation
import TestSupport

/// A text file of the checkout, by its path from the top.
struct SourceFile {
    let path: String
    let text: String

    /// The name of the folder under `Sources`, which is the target's name.
    var folder: String {
        let parts = path.split(separator: "/")
        return parts.count > 1 ? String(parts[1]) : ""
    }

    var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// The checkout that these tests were built from.
enum SourceTree {
    /// Every file below `folder` whose name ends in one of `endings`, sorted; hidden and built ones are left out.
    static func files(under folder: String, endings: [String]) throws -> [SourceFile] {
        let top = SharedFiles.packageDirectory.appendingPathComponent(folder)
        guard let names = FileManager.default.enumerator(atPath: top.path) else { return [] }
        var found: [SourceFile] = []
        for case let name as String in names {
            guard endings.contains(where: { name.hasSuffix($0) }), !isBuilt(name) else { continue }
            let data = try Data(contentsOf: top.appendingPathComponent(name))
            found.append(SourceFile(path: "\(folder)/\(name)", text: String(decoding: data, as: UTF8.self)))
        }
        return found.sorted { $0.path < $1.path }
    }

    static func file(_ path: String) throws -> SourceFile {
        let data = try Data(contentsOf: SharedFiles.packageDirectory.appendingPathComponent(path))
        return SourceFile(path: path, text: String(decoding: data, as: UTF8.self))
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: SharedFiles.packageDirectory.appendingPathComponent(path).path)
    }

    /// The names of all files that are part of the project, wherever they lie.
    static func fileNames() -> Set<String> {
        guard let paths = FileManager.default.enumerator(atPath: SharedFiles.packageDirectory.path) else { return [] }
        var names: Set<String> = []
        for case let path as String in paths {
            if [".build", ".venv", ".git/"].contains(where: { (path + "/").hasPrefix($0) }) {
                paths.skipDescendants()
            } else {
                names.insert(String(path.split(separator: "/").last ?? ""))
            }
        }
        return names
    }

    private static func isBuilt(_ name: String) -> Bool {
        name.split(separator: "/").contains { $0.hasPrefix(".") || $0 == "__pycache__" }
    }
}
