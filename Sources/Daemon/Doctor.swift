internal import AWS
internal import Catalog
internal import Linux
internal import ObjectStore
internal import Settings
internal import Tokens

/// `sluice doctor`: looks at everything that the daemon needs, and changes none of it.
package enum Doctor {
    /// Prints what was found and ends the process: 0 when the daemon could serve, 1 when not, 2 for settings that make
    /// no sense.
    ///
    /// - Parameter isFull: the record's indexes are compared with its table, too.
    package static func run(_ request: SettingsRequest, isFull: Bool) -> Never {
        let settings = request.resolve().settings
        let report = DoctorReport()
        report.ok("settings", "valid; `sluice settings` prints them")
        Signals.ignoreBrokenPipe()
        checkPlan(settings, isDevelopment: request.isDevelopment, report)
        checkDatabase(settings, isFull: isFull, isDevelopment: request.isDevelopment, report)
        checkSpool(settings, report)
        checkCertificates(settings, report)
        checkSecret(settings, report)
        if case .directory(let path) = settings.store {
            checkDirectory(path, "store", setting: "SLUICE_STORE_DIR", report)
        }
        DoctorNetwork(settings, isDevelopment: request.isDevelopment, report).run()
        report.hasFailures ? Exit.failed([]) : Exit.done()
    }

    private static func checkPlan(_ settings: ResolvedSettings, isDevelopment: Bool, _ report: DoctorReport) {
        do {
            try OpenFilesLimit.raise()
            let limit = try OpenFilesLimit.current()
            let plan = try ServicePlan(settings, isDevelopment: isDevelopment, openFilesMax: limit)
            guard plan.descriptors.isTight else { return report.ok("open files", "\(limit) are enough") }
            report.warn(
                "open files",
                """
                \(limit) leave room for \(plan.descriptors.connectionsMax) connections, \
                \(plan.descriptors.uploadsMax) of them uploading; raise the limit (LimitNOFILE=, ulimit -n), or lower \
                SLUICE_CONNECTIONS_MAX
                """)
        } catch {
            report.fail("open files", "\(error)")
        }
    }

    // MARK: - The record

    private static func checkDatabase(
        _ settings: ResolvedSettings, isFull: Bool, isDevelopment: Bool, _ report: DoctorReport
    ) {
        let path = Files.resolved(settings.database)
        let directory = Files.parent(of: path) ?? "."
        guard (try? Files.isDirectory(directory)) == true else {
            // Development mode makes its own.
            if isDevelopment { return report.ok("database", "\(directory) is made at the start") }
            return report.fail(
                "database", "there is no directory \(directory); make it, or set SLUICE_DATABASE to another place")
        }
        checkPlace(ofDatabase: directory, report)
        do {
            guard try Files.facts(path) != nil else {
                return report.ok("database", "\(path) is made at the start")
            }
        } catch {
            return report.fail("database", "\(error); run this as the user that Sluice runs as")
        }
        for line in CatalogInspection.wideRights(path: path) { report.warn("database", line) }
        do {
            let found = try CatalogInspection(of: path, isFull: isFull)
            if let damage = found.damage {
                return report.fail(
                    "database", "\(path) is damaged: \(damage); \(CatalogInspection.remedyOfDamage(path: path))")
            }
            let step = found.version < found.newestVersion ? ", the next start brings it to \(found.newestVersion)" : ""
            report.ok(
                "database",
                "\(path) is sound: \(found.bytes) bytes, schema version \(found.version)\(step)")
        } catch {
            report.fail("database", "\(error)")
        }
    }

    private static func checkPlace(ofDatabase directory: String, _ report: DoctorReport) {
        let facts: FileSystemFacts
        do {
            facts = try FileSystemFacts(of: directory)
        } catch {
            return report.fail("database", "\(error)")
        }
        switch facts.kind {
        case .local: break
        case .memory:
            report.warn(
                "database",
                "\(directory) is in memory, and gone with the power; set SLUICE_DATABASE to a place on a disk")
        case .network:
            report.fail(
                "database",
                """
                \(directory) is on a network file system, where SQLite's log does not work; set SLUICE_DATABASE to a \
                place on a disk
                """)
        case .userSpace:
            report.warn(
                "database",
                "\(directory) is on FUSE, whose program decides what fsync means; set SLUICE_DATABASE to a disk")
        }
        guard !facts.isReadOnly, Files.mayWrite(in: directory) else {
            return report.fail(
                "database", "\(directory) may not be written; let the user that Sluice runs as write there")
        }
        if let mode = try? Files.facts(directory)?.permissions, mode & 0o022 != 0, mode & 0o1000 == 0 {
            report.warn(
                "database", "others may change what is in \(directory); chmod go-w \(directory)")
        }
        checkRoom(facts, "database", directory, bytesMin: databaseBytesMin, bytesWanted: databaseBytesWanted, report)
    }

    /// A few thousand rows, and some months of a busy service (Docs/Record.md).
    private static let databaseBytesMin: Int64 = 2 << 20
    private static let databaseBytesWanted: Int64 = 256 << 20

    private static func checkRoom(
        _ facts: FileSystemFacts, _ subject: String, _ directory: String, bytesMin: Int64, bytesWanted: Int64,
        _ report: DoctorReport
    ) {
        let free = "\(facts.freeBytes >> 20) MiB are free below \(directory)"
        if facts.freeBytes < bytesMin || facts.freeFiles == 0 {
            let what = facts.freeFiles == 0 ? "no file can be made below \(directory)" : free
            report.fail(subject, "\(what); make room")
        } else if facts.freeBytes < bytesWanted {
            report.warn(subject, "\(free); have \(bytesWanted >> 20)")
        } else {
            report.ok(subject, free)
        }
    }

    // MARK: - Other places on the disk

    private static func checkSpool(_ settings: ResolvedSettings, _ report: DoctorReport) {
        let directory = settings.spoolDirectory
        guard checkDirectory(directory, "spool", setting: "SLUICE_SPOOL_DIR", report) else { return }
        do {
            let spool = try Spool(directory: directory, slotsMax: settings.spoolSlots)
            if spool.isInMemory {
                report.warn(
                    "spool", "\(directory) is in memory; set SLUICE_SPOOL_DIR to a directory on a disk")
            }
            if spool.needsNames {
                report.warn(
                    "spool",
                    "\(directory) has no unnamed files (O_TMPFILE); a name is made and removed for each, which costs")
            }
            checkRoom(
                try FileSystemFacts(of: directory), "spool", directory, bytesMin: 2 * settings.partBytes,
                bytesWanted: Int64(settings.spoolSlots) * settings.partBytes, report)
        } catch {
            report.fail("spool", "\(error); set SLUICE_SPOOL_DIR to a directory with rights")
        }
    }

    /// - Returns: whether it is there and may be written.
    @discardableResult
    private static func checkDirectory(
        _ path: String, _ subject: String, setting: String, _ report: DoctorReport
    ) -> Bool {
        var place = path
        while let parent = Files.parent(of: place), (try? Files.facts(place)) == nil, parent != place { place = parent }
        guard (try? Files.isDirectory(place)) ?? (place == path), Files.mayWrite(in: place) else {
            report.fail(subject, "\(place) may not be written; give rights, or set \(setting) to another directory")
            return false
        }
        report.ok(subject, place == path ? "\(path) may be written" : "\(path) is made at the start")
        return place == path
    }

    // MARK: - Certificates and a secret of our own

    private static func checkCertificates(_ settings: ResolvedSettings, _ report: DoctorReport) {
        guard let tls = settings.tls else { return }
        do {
            let (_, warnings) = try CertificateFiles(tls).load()
            for warning in warnings { report.warn("tls", warning) }
            if warnings.isEmpty { report.ok("tls", "the certificates and their keys belong together and are valid") }
        } catch {
            report.fail("tls", "\(error)")
        }
    }

    private static func checkSecret(_ settings: ResolvedSettings, _ report: DoctorReport) {
        switch settings.jwtSecret {
        case .parameter: return
        case .generated(let path) where (try? Files.facts(path)) == nil:
            return report.ok("secret", "\(path) is made at the start")
        case .fixed, .file, .generated: break
        }
        switch SecretSource(settings).read() {
        case .success(let snapshot): judgeSecret(bytes: snapshot.current.bytes.count, report)
        case .failure(let problem): report.fail("secret", "\(problem)")
        }
    }

    /// "A key of the same size as the hash output ... or larger MUST be used" (RFC 7518 § 3.2).
    static func judgeSecret(bytes count: Int, _ report: DoctorReport) {
        guard count < 32 else { return report.ok("secret", "found, of \(count) bytes") }
        report.warn("secret", "found, of \(count) bytes only; HS256 wants 32 or more, or tokens can be guessed")
    }
}
