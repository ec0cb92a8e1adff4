package import Gateway
internal import Linux
internal import Reactor

/// Recovery's way to a ``DirectoryStore``. What is asked of S3 is asked here of two files: the unfinished one, which is
/// called as the record's token is, and the object's own.
///
/// A file has no place for the token, and needs none: a key is random, and nobody else writes below the directory.
package final class DirectoryKeeper: StoreKeeper {
    private let directory: String
    private let files: FilesPort
    /// Names of unfinished files that one look takes in.
    private static let namesMax = 100_000

    package init(directory: String, files: FilesPort) {
        self.directory = directory
        self.files = files
    }

    package var obstacle: String? { nil }

    package func perform(
        _ phase: UploadLife.RecoveryPhase, for subject: KeeperSubject,
        completion: @escaping (KeeperAnswer) -> Void
    ) {
        guard let path = DirectoryStore.path(ofKey: subject.key, in: directory),
            let name = DirectoryStore.temporaryName(recordToken: subject.uploadID ?? subject.recordToken)
        else {
            let answer = KeeperAnswer(.unknown, detail: "the key is not a path below the store's directory")
            return files.loop.deferred { completion(answer) }
        }
        let place = DirectoryPlace(
            temporaryPath: incoming + "/" + name, path: path, size: subject.size,
            directories: DirectoryStore.directories(of: path, upTo: directory))
        run({ () throws(SystemError) in try place.perform(phase) }, completion)
    }

    package func leftovers(after marker: LeftoverMarker?, completion: @escaping (LeftoverAnswer) -> Void) {
        let incoming = incoming
        let isTaken = files.value(of: { () -> LeftoverAnswer in
            do throws(SystemError) {
                return .page(try Self.leftovers(in: incoming), next: nil)
            } catch {
                return .failed(error.description)
            }
        }, completion: completion)
        if !isTaken { files.loop.deferred { completion(.failed(Self.busy)) } }
    }

    package func remove(_ leftover: Leftover, completion: @escaping (KeeperAnswer) -> Void) {
        let path = incoming + "/" + leftover.uploadID
        run({ () throws(SystemError) in
            UploadLife.StoreAnswer.done(try Files.unlink(path), else: .noSuchUpload)
        }, completion)
    }

    private var incoming: String { directory + "/" + DirectoryStore.incoming }
    private static let busy = "too many file operations are waiting"

    private func run(
        _ work: @escaping @Sendable () throws(SystemError) -> UploadLife.StoreAnswer,
        _ completion: @escaping (KeeperAnswer) -> Void
    ) {
        let isTaken = files.value(of: { () -> KeeperAnswer in
            do throws(SystemError) {
                return KeeperAnswer(try work())
            } catch {
                return KeeperAnswer(.unknown, detail: error.description)
            }
        }, completion: completion)
        if !isTaken { files.loop.deferred { completion(KeeperAnswer(.unknown, detail: Self.busy)) } }
    }

    /// Its age is that of the last byte that was written to it.
    private static func leftovers(in incoming: String) throws(SystemError) -> [Leftover] {
        guard try Files.isDirectory(incoming) else { return [] }
        let now = Clock.wallMilliseconds()
        var found: [Leftover] = []
        for name in try Files.list(incoming, namesMax: namesMax) {
            guard let facts = try Files.facts(incoming + "/" + name), facts.isRegularFile else { continue }
            found.append(Leftover(key: "", uploadID: name, ageMilliseconds: now - facts.modifiedMilliseconds))
        }
        return found
    }
}

/// The two files of one upload.
private struct DirectoryPlace: Sendable {
    let temporaryPath: String
    let path: String
    let size: Int64?
    let directories: [String]

    func perform(_ phase: UploadLife.RecoveryPhase) throws(SystemError) -> UploadLife.StoreAnswer {
        switch phase {
        case .completing: try complete()
        case .confirming, .deciding, .settlingPut, .settlingPutAgain: try look()
        case .takingPutBack, .takingPutBackAgain: try Files.facts(path) == nil ? .notFound : .foundOurs
        case .givingUp, .aborting, .givingUpListed, .abortingListed, .abortingRest, .abortingDenied, .takingBackListed:
            .done(try Files.unlink(temporaryPath), else: .noSuchUpload)
        case .listing, .listingRest, .listingDenied, .givingUpListing, .takingBackListing:
            try Files.facts(temporaryPath) == nil ? .listedNone : .listedSome
        case .deleting, .deletingPut: try delete()
        }
    }

    /// What the upload itself would have done next: the file is synchronised and gets its name.
    private func complete() throws(SystemError) -> UploadLife.StoreAnswer {
        guard let facts = try Files.facts(temporaryPath) else { return .noSuchUpload }
        guard facts.bytes == size else { return .refused }
        try Files.open(temporaryPath, .readOnly).synchronise()
        if let parent = directories.first { try Files.makeDirectories(parent, permissions: 0o755) }
        try Files.rename(temporaryPath, to: path)
        try synchroniseDirectories()
        return .done
    }

    private func look() throws(SystemError) -> UploadLife.StoreAnswer {
        guard let facts = try Files.facts(path) else { return .notFound }
        guard facts.bytes == size else { return .foundOther }
        // Whoever gave it its name may have died, or failed, before that was on the disk.
        try synchroniseDirectories()
        return .foundOurs
    }

    private func synchroniseDirectories() throws(SystemError) {
        for directory in directories { try Files.synchroniseDirectory(directory) }
    }

    private func delete() throws(SystemError) -> UploadLife.StoreAnswer {
        let wasThere = try Files.unlink(path)
        // Also where it was gone: the attempt that took it may not have come so far.
        if let parent = directories.first, try Files.isDirectory(parent) { try Files.synchroniseDirectory(parent) }
        return .done(wasThere, else: .notFound)
    }
}

extension UploadLife.StoreAnswer {
    fileprivate static func done(_ isDone: Bool, else other: UploadLife.StoreAnswer) -> UploadLife.StoreAnswer {
        isDone ? .done : other
    }
}
