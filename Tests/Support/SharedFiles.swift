package import Foundation

/// The folder of test vectors that lies beside a checkout (`$SHARED_DIR`, by default `../shared`).
///
/// A clone without it passes its tests, each test that reads it being skipped with a message; where `CI` is set,
/// a missing folder is a failure (``SharedFiles/isRequired``).
package enum SharedFiles {
    package static let directory: URL =
        if let path = ProcessInfo.processInfo.environment["SHARED_DIR"] {
            URL(fileURLWithPath: path)
        } else {
            packageDirectory.appendingPathComponent("../shared").standardizedFileURL
        }

    /// The top of the checkout.
    package static let packageDirectory: URL = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    package static let isRequired: Bool = ProcessInfo.processInfo.environment["CI"] != nil

    /// Whether a test that reads the folder is to run: it is there, or its absence must fail.
    package static let isUsable: Bool =
        isRequired || FileManager.default.fileExists(atPath: directory.appendingPathComponent("vectors").path)

    /// The comment of tests that are skipped without the folder.
    package static let skipMessage = "needs the shared test vectors: set SHARED_DIR to their folder"

    package static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appendingPathComponent(path)))
    }

    /// The cases of a vector file, after comparing their number with the file's own `count`.
    package static func cases(_ path: String) throws -> (file: [String: Any], cases: [[String: Any]]) {
        let object = try JSONSerialization.jsonObject(with: Data(try bytes(path)))
        guard let file = object as? [String: Any], let cases = file["cases"] as? [[String: Any]] else {
            throw SharedFileError(description: "\(path): not an object with `cases`")
        }
        guard let count = file["count"] as? Int, count == cases.count else {
            throw SharedFileError(description: "\(path): holds \(cases.count) cases, not its own `count`")
        }
        return (file, cases)
    }

    /// The elements of a file that is one JSON array of objects.
    package static func array(_ path: String) throws -> [[String: Any]] {
        let object = try JSONSerialization.jsonObject(with: Data(try bytes(path)))
        guard let array = object as? [[String: Any]] else {
            throw SharedFileError(description: "\(path): not an array of objects")
        }
        return array
    }
}

package struct SharedFileError: Error, CustomStringConvertible {
    package let description: String
}
