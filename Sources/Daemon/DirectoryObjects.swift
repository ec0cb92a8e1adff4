internal import Linux
internal import ObjectStore
internal import Reactor
internal import Uploads

/// Reads the images of the directory store back, for development mode.
final class DirectoryObjects: ObjectReader {
    private let store: DirectoryStore
    private let files: FilesPort
    private let loop: EventLoop
    /// What a page shows is small; a larger image is a case for the real store.
    private static let objectBytesMax = 64 * 1024 * 1024

    init(_ store: DirectoryStore, files: FilesPort, loop: EventLoop) {
        self.store = store
        self.loop = loop
        self.files = files
    }

    func read(key: String, completion: @escaping (StoredObject?) -> Void) {
        let contentType = Self.contentType(ofKey: key)
        guard let path = store.path(ofKey: key), let contentType else {
            return loop.deferred { completion(nil) }
        }
        let isTaken = files.perform { () throws(SystemError) in
            .bytes(try Files.readWhole(path, bytesMax: Self.objectBytesMax))
        } completion: { outcome in
            guard case .bytes(let bytes) = outcome else { return completion(nil) }
            completion(StoredObject(bytes: bytes, contentType: contentType))
        }
        if !isTaken { loop.deferred { completion(nil) } }
    }

    private static func contentType(ofKey key: String) -> String? {
        if key.hasSuffix(".jpeg") { return "image/jpeg" }
        if key.hasSuffix(".png") { return "image/png" }
        if key.hasSuffix(".gif") { return "image/gif" }
        return nil
    }
}
