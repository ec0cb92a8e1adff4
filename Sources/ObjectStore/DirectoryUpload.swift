internal import Bytes
internal import HTTPClient
internal import Linux
internal import Reactor
internal import StoreStates

/// One upload into a directory: does what its ``DirectoryUploadState`` says on the files thread.
final class DirectoryUpload: StoreUpload {
    /// The bytes of a write, and how many writes may be under way: back-pressure for the part's source.
    private static let blockBytes = 65_536
    private static let writesMax = 2

    private let store: DirectoryStore
    private let temporaryName: String
    private let temporaryPath: String
    /// Nil for a key that is no path.
    private let path: String?
    /// Lets go of the upload when it wants no more of it.
    private let delegate: any StoreUploadDelegate
    private var state = DirectoryUploadState()
    private var isCounted = false

    private var file: OpenFile?
    private var source: (any RequestBodySource)?
    /// Bytes of the part that were not yet taken from its source.
    private var rest: Int64 = 0
    private var block: [UInt8] = []
    private var offset: Int64 = 0
    private var writes = 0
    private var isPumping = false
    /// The file may have its final name, which is this upload's own.
    private var mayBeNamed = false

    init(
        store: DirectoryStore, temporaryName: String, temporaryPath: String, path: String?,
        delegate: any StoreUploadDelegate
    ) {
        self.store = store
        self.temporaryName = temporaryName
        self.temporaryPath = temporaryPath
        self.path = path
        self.delegate = delegate
    }

    func create() { perform(state.create(), isDeferred: true) }

    func openPart(number: Int, length: Int64, body: any RequestBodySource) {
        source = body
        perform(state.openPart(number: number, length: length), isDeferred: true)
    }

    func bodyAvailable() {
        store.files.loop.deferred { [self] in pump() }
    }

    func complete(parts: [StoredPart]) { perform(state.complete(), isDeferred: true) }

    func abort() {
        source = nil
        perform(state.abort(), isDeferred: true)
    }

    // MARK: what is done

    /// - Parameter isDeferred: the owner is calling, and must not be answered inside of its call.
    private func perform(_ reaction: DirectoryUploadState.Reaction, isDeferred: Bool = false) {
        switch reaction.command {
        case .open: open()
        case .copy(let length):
            rest = length
            bodyAvailable()
        case .finish: finish()
        case .remove: remove()
        case .wait(let milliseconds):
            store.files.loop.schedule(afterMilliseconds: milliseconds) { [self] in perform(state.waited()) }
        case nil: break
        }
        if state.isOver { count(false) }
        guard let event = reaction.event else { return }
        if case .failed = event { source = nil }
        if isDeferred {
            store.files.loop.deferred { [self] in delegate.upload(self, did: event) }
        } else {
            delegate.upload(self, did: event)
        }
    }

    private func count(_ isOpen: Bool) {
        guard isOpen != isCounted else { return }
        isCounted = isOpen
        if isOpen { store.opened() } else { store.ended() }
    }

    /// Has a job done; a failure goes to the state, success to `completion`.
    private func run(
        _ work: @escaping @Sendable () throws(SystemError) -> FileOutcome,
        completion: @escaping (FileOutcome) -> Void
    ) {
        let isTaken = store.files.perform(work) { [self] outcome in
            if case .failed(let error) = outcome {
                perform(state.failed(.unavailable, error.description))
            } else {
                completion(outcome)
            }
        }
        guard !isTaken else { return }
        store.files.loop.deferred { [self] in
            perform(state.failed(.unavailable, "too many file operations are waiting"))
        }
    }

    private func open() {
        count(true)
        guard path != nil else {
            return store.files.loop.deferred { [self] in
                perform(state.failed(.clientSide, "the key is not a path below the store's directory"))
            }
        }
        let path = temporaryPath
        run { () throws(SystemError) in
            .opened(OpenFile(try Files.open(path, .readWriteNew(permissions: 0o644))))
        } completion: { [self] outcome in
            if case .opened(let file) = outcome { self.file = file }
            perform(state.opened(name: temporaryName))
        }
    }

    /// Takes from the source what may be under way, and writes it block by block.
    private func pump() {
        guard let source, let file, !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        while rest > 0, writes < Self.writesMax {
            let wanted = Int(min(Int64(Self.blockBytes), rest + Int64(block.count)))
            if block.isEmpty { block.reserveCapacity(wanted) }
            let supply = source.next { span in
                let count = min(span.count, wanted - block.count)
                block.append(contentsOf: span.extracting(0..<count))
                rest -= Int64(count)
                return count
            }
            switch supply {
            case .supplied: if block.count == wanted { write(file) }
            case .pending: return
            case .end, .failed:
                self.source = nil
                return perform(state.failed(.clientSide, "the part's bytes cannot be had"))
            }
        }
        endPart()
    }

    private func write(_ file: OpenFile) {
        let bytes = block
        let start = offset
        block = []
        offset += Int64(bytes.count)
        writes += 1
        run { () throws(SystemError) in
            try file.write(bytes, at: start)
            return .done
        } completion: { [self] _ in
            writes -= 1
            pump()
        }
    }

    private func endPart() {
        guard rest == 0, writes == 0, source != nil else { return }
        source = nil
        perform(state.copied())
    }

    private func finish() {
        guard let file, let path else { return }
        self.file = nil
        mayBeNamed = true
        let temporaryPath = temporaryPath
        let directories = store.directories(of: path)
        run { () throws(SystemError) in
            try file.synchronise()
            if let parent = directories.first { try Files.makeDirectories(parent, permissions: 0o755) }
            try Files.rename(temporaryPath, to: path)
            for directory in directories { try Files.synchroniseDirectory(directory) }
            return .done
        } completion: { [self] _ in
            perform(state.finished())
        }
    }

    private func remove() {
        let temporaryPath = temporaryPath
        let finalPath = mayBeNamed ? path : nil
        let file = file
        self.file = nil
        run { () throws(SystemError) in
            // The file is closed with this job, off the worker.
            withExtendedLifetime(file) {}
            try Files.unlink(temporaryPath)
            guard let finalPath else { return .done }
            try Files.unlink(finalPath)
            // Or a power loss brings back an object that the record says is gone. Where it was gone already, an attempt
            // before may have come to its end between the two.
            if let parent = Files.parent(of: finalPath), try Files.isDirectory(parent) {
                try Files.synchroniseDirectory(parent)
            }
            return .done
        } completion: { [self] _ in
            perform(state.removed())
        }
    }
}
