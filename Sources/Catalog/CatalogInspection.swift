internal import Database
internal import Linux

/// What can be told of the record without writing to it, beside a daemon or without one.
package struct CatalogInspection: Equatable, Sendable {
    package let version: Int
    /// The version that this program brings a file to.
    package let newestVersion: Int
    package let bytes: Int64
    /// One line; nil: the file is sound.
    package let damage: String?

    /// Looks at the file, all of it.
    ///
    /// - Parameter isFull: the indexes are compared with their tables, too, which takes several times as long.
    package init(of path: String, isFull: Bool) throws(CatalogError) {
        let connection = try Self.open(path)
        defer { connection.close() }
        newestVersion = CatalogSchema.migrations.count
        do {
            bytes = try Files.facts(path)?.bytes ?? 0
            version = try connection.schemaVersion(
                applicationID: CatalogSchema.applicationID, newest: CatalogSchema.migrations.count)
            damage = try connection.damage(isFull ? .full : .quick)
        } catch let error as DatabaseError {
            throw CatalogError(error, path: path)
        } catch {
            throw CatalogError(path: path, reason: "\(error)", remedy: "check the rights of this user")
        }
    }

    /// What a person can do about a damaged file.
    package static func remedyOfDamage(path: String) -> String {
        DatabaseError(kind: .corrupt, message: "", operation: "").rule(path: path, directory: path).remedy
    }

    /// Warnings about rights wider than the owner's, of the file and what lies beside it.
    package static func wideRights(path: String) -> [String] {
        ["", "-wal", "-shm"].compactMap { suffix in
            guard let facts = try? Files.facts(path + suffix), facts.permissions & 0o077 != 0 else { return nil }
            let octal = String(facts.permissions, radix: 8)
            return "\(path)\(suffix) may be opened by others than its owner (mode \(octal)); chmod 600 \(path)\(suffix)"
        }
    }

    static func open(_ path: String) throws(CatalogError) -> DatabaseConnection {
        guard (try? Files.facts(path)) != nil else {
            throw CatalogError(
                path: path, reason: "there is no such file, or this user may not look for it",
                remedy: "check SLUICE_DATABASE, and run this as the user that Sluice runs as")
        }
        do {
            return try DatabaseConnection(path: path, access: .readingOnly)
        } catch {
            throw CatalogError(error, path: path)
        }
    }
}

extension CatalogError {
    init(_ error: DatabaseError, path: String) {
        self.init(
            path: path, reason: error.description,
            remedy: error.rule(path: path, directory: Files.parent(of: path) ?? ".").remedy)
    }
}
