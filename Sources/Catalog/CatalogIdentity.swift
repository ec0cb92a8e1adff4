internal import Linux

/// Which files the record's name and its log's stood for when they were opened.
///
/// Somebody may move, remove or replace them under a running daemon, a backup that is restored without stopping it say.
/// What is committed from then on goes to files without a name, and is gone with the process.
struct CatalogIdentity: Equatable {
    private struct File: Equatable {
        let device: UInt64
        let inode: UInt64

        init?(_ path: String) {
            guard let facts = try? Files.facts(path) else { return nil }
            device = facts.device
            inode = facts.inode
        }
    }

    private let database: File?
    private let log: File?

    /// nil where files cannot be told by their numbers: programs behind FUSE may change those as they like.
    init?(path: String) {
        guard let facts = try? FileSystemFacts(of: path) else { return nil }
        switch facts.kind {
        case .userSpace, .network: return nil
        case .local, .memory: break
        }
        database = File(path)
        log = File(path + "-wal")
    }

    /// Whether the names still stand for the same files. Two calls of stat(2), made for each synced commit.
    ///
    /// - Parameter countsLog: while we have no connection, another program that was the last to close the file may have
    ///   copied the log and removed it, which is well.
    func isStillThere(path: String, countsLog: Bool) -> Bool {
        database == File(path) && (!countsLog || log == File(path + "-wal"))
    }
}
