internal import Database
internal import Gateway
internal import Linux

/// A copy of the record, made while it is written: whole, checked, and one file.
package struct CatalogBackup {
    package struct Outcome: Equatable, Sendable {
        package let rows: Int64
        package let bytes: Int64
    }

    private let database: String
    private let file: String
    private let directory: String
    /// Where the copy grows, in the same directory: it gets its name when nothing can go wrong any more.
    private let partial: String
    private let replaces: Bool

    /// A megabyte at a time, and a rest for the disk: the daemon's commits wait behind what is on its way there.
    private static let pagesPerStep: Int32 = 256
    private static let pauseMilliseconds: Int32 = 4

    /// - Parameter replaces: an existing `file` is replaced, in one moment, by the finished copy.
    package init(of database: String, to file: String, replaces: Bool) {
        self.database = Files.resolved(database)
        self.file = file
        self.replaces = replaces
        directory = Files.parent(of: file) ?? "."
        partial = file + ".partial-\(UInt64.random(in: .min ... .max))"
    }

    /// Copies, checks the copy, syncs it and gives it its name.
    ///
    /// - Parameter isInterrupted: asked after every megabyte; `true` ends it.
    /// - Returns: nil when it was interrupted. Then, and after an error, nothing is left of it.
    package func run(isInterrupted: () -> Bool) throws(CatalogError) -> Outcome? {
        try judgeNames()
        let source = try openSource()
        defer { source.close() }
        do {
            let outcome = try copy(source, isInterrupted)
            if outcome == nil { removePartial() }
            return outcome
        } catch {
            removePartial()
            throw error
        }
    }

    private func judgeNames() throws(CatalogError) {
        do {
            guard try Files.isDirectory(directory) else {
                throw failure("there is no directory \(directory)", "make it, or choose another place")
            }
            guard let facts = try Files.facts(file) else { return }
            for suffix in ["", "-wal", "-shm", ".lock"] {
                guard let own = try Files.facts(database + suffix) else { continue }
                if own.device == facts.device, own.inode == facts.inode {
                    throw failure("that is the record itself", "choose another name")
                }
            }
            if !facts.isRegularFile { throw failure("it exists and is no file", "choose another name") }
            if !replaces { throw failure("it exists", "choose another name, or replace it with --force") }
        } catch let error as CatalogError {
            throw error
        } catch {
            throw failure("\(error)", "choose a place where this user may write")
        }
    }

    private func openSource() throws(CatalogError) -> DatabaseConnection {
        let connection = try CatalogInspection.open(database)
        do {
            let version = try connection.schemaVersion(
                applicationID: CatalogSchema.applicationID, newest: CatalogSchema.migrations.count)
            guard version > 0 else {
                throw CatalogError(
                    path: database, reason: "the record is empty", remedy: "check SLUICE_DATABASE")
            }
        } catch let error as DatabaseError {
            throw CatalogError(error, path: database)
        } catch let error as CatalogError {
            throw error
        } catch {
            throw failure("\(error)", "report this as a defect")
        }
        return connection
    }

    private func copy(_ source: DatabaseConnection, _ isInterrupted: () -> Bool) throws(CatalogError) -> Outcome? {
        let rows: Int64
        do throws(DatabaseError) {
            let target = try DatabaseConnection(path: partial, access: .creating)
            defer { target.close() }
            let isWhole = try source.copy(into: target, pagesPerStep: Self.pagesPerStep) { _ in
                Pause.milliseconds(Self.pauseMilliseconds)
                return !isInterrupted()
            }
            guard isWhole else { return nil }
            // The copy has the source's mode, and would want a log and an index beside it.
            _ = try target.text("PRAGMA journal_mode=DELETE")
            if let damage = try target.damage(.quick) {
                throw DatabaseError(
                    kind: .corrupt, message: "the copy is damaged, and so is the record: \(damage)",
                    operation: "quick_check")
            }
            try target.execute(Self.withoutBeginnings)
            rows = try target.integer("SELECT count(*) FROM uploads") ?? 0
        } catch {
            throw explained(error)
        }
        guard !isInterrupted() else { return nil }
        return Outcome(rows: rows, bytes: try giveName())
    }

    /// Uploads that had only begun are not copied. Their rows say that nobody was told of an object, by which recovery
    /// deletes one that it finds; by the time the copy is used, they have ended and their clients have their 201.
    private static let withoutBeginnings =
        "DELETE FROM uploads WHERE stored_ms IS NULL AND state IN " + CatalogSchema.list([.opening, .streaming])

    private func giveName() throws(CatalogError) -> Int64 {
        do {
            let bytes = try synchronise()
            if !replaces, try Files.facts(file) != nil {
                throw failure("it exists by now", "choose another name, or replace it with --force")
            }
            try Files.rename(partial, to: file)
            try Files.synchroniseDirectory(directory)
            return bytes
        } catch let error as CatalogError {
            throw error
        } catch {
            throw failure("\(error)", "check the disk below \(directory)")
        }
    }

    private func synchronise() throws(SystemError) -> Int64 {
        let descriptor = try Files.open(partial, .readWrite)
        try descriptor.synchronise()
        return try descriptor.facts().bytes
    }

    /// What is wrong is wrong with the copy's side or with the record's; the rules are those of the record.
    private func explained(_ error: DatabaseError) -> CatalogError {
        if error.kind == .corrupt { return CatalogError(error, path: database) }
        let remedy = error.kind == .busy ? "try again" : error.rule(path: file, directory: directory).remedy
        return failure(error.description, remedy)
    }

    private func failure(_ reason: String, _ remedy: String) -> CatalogError {
        CatalogError(path: file, reason: reason, remedy: remedy)
    }

    private func removePartial() {
        for suffix in ["", "-journal", "-wal", "-shm"] { _ = try? Files.unlink(partial + suffix) }
    }
}
