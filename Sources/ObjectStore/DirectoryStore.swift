internal import Bytes
internal import Crypto
package import Linux
internal import Reactor
package import StoreStates

/// Objects as files under a directory, for `--dev` and for small self-hosters. A body is written under a temporary
/// name, synchronised, and renamed to its key; so an object is there whole or not at all, after a power loss too.
package final class DirectoryStore: UploadStore {
    /// Where unfinished files are, inside of the directory: rename needs them on the same file system.
    static let incoming = ".incoming"

    let files: FilesPort
    private let directory: String
    package let publicBase: String?
    private(set) package var openCount = 0

    /// Makes the directory where it is missing.
    ///
    /// - Parameters:
    ///   - directory: an absolute path or one relative to the working directory, without a slash at its end.
    ///   - publicBaseURL: what stands before the key in URLs; nil: the server's own `/objects/`.
    package init(directory: String, files: FilesPort, publicBaseURL: String? = nil) throws(SystemError) {
        self.directory = directory
        self.files = files
        publicBase = publicBaseURL.map { $0 + "/" }
        let incoming = directory + "/" + Self.incoming
        try Self.make(incoming)
    }

    /// Makes a directory and those above it, and has their names reach the disk: a power loss would otherwise take all
    /// that was stored below them.
    private static func make(_ path: String) throws(SystemError) {
        var missing: [String] = []
        var current = path
        while try !Files.isDirectory(current) {
            missing.append(current)
            guard let parent = Files.parent(of: current) else { break }
            current = parent
        }
        try Files.makeDirectories(path, permissions: 0o755)
        for made in missing { try Files.synchroniseDirectory(Files.parent(of: made) ?? ".") }
    }

    package func begin(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> any StoreUpload {
        // The record's own name for it, so that recovery finds the file of a record that does not know it yet.
        let name = Self.temporaryName(recordToken: recordToken) ?? Hex.lower(SecureRandom.bytes(16).span)
        return DirectoryUpload(
            store: self, temporaryName: name, temporaryPath: directory + "/" + Self.incoming + "/" + name,
            path: path(ofKey: key), delegate: delegate)
    }

    /// The name of an upload's file while it is unfinished; nil for a token that is no file name.
    static func temporaryName(recordToken: String) -> String? {
        guard !recordToken.utf8.contains(0x2F), DirectoryKey.isSafe(recordToken) else { return nil }
        return recordToken
    }

    /// A disk that failed is not asked less: it would not heal by that.
    package func admission() -> StoreAdmission { .admitted }

    /// The file of `key`, nil for a key that is no safe relative path.
    package func path(ofKey key: String) -> String? { Self.path(ofKey: key, in: directory) }

    static func path(ofKey key: String, in directory: String) -> String? {
        guard DirectoryKey.isSafe(key), !key.hasPrefix(Self.incoming) else { return nil }
        return directory + "/" + key
    }

    /// The directories from that of `path` up to the store's own: the names in each have to reach the disk.
    func directories(of path: String) -> [String] { Self.directories(of: path, upTo: directory) }

    static func directories(of path: String, upTo directory: String) -> [String] {
        var found: [String] = []
        var current = path
        while current != directory, let parent = Files.parent(of: current) {
            found.append(parent)
            current = parent
        }
        return found
    }

    func opened() { openCount += 1 }

    func ended() { openCount -= 1 }
}
