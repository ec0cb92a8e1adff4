internal import Catalog
internal import Linux
internal import Settings

/// `sluice backup`
package enum Backup {
    /// Copies the record to `file` and ends the process.
    ///
    /// - Parameter replaces: an existing file is replaced.
    package static func run(_ request: SettingsRequest, to file: String, replaces: Bool) -> Never {
        let database = request.resolve().settings.database
        guard !file.isEmpty, !file.utf8.contains(0) else { Exit.usage(["sluice: FILE must be a path"]) }
        do {
            // Taken note of between two steps, so that nothing of the copy is left behind.
            try Signals.block([.terminate, .interrupt, .hangup])
            let signals = try SignalDescriptor([.terminate, .interrupt, .hangup])
            let backup = CatalogBackup(of: database, to: file, replaces: replaces)
            guard let outcome = try backup.run(isInterrupted: { (try? signals.next()) != nil }) else {
                Exit.failed(["sluice: interrupted, nothing is left of the copy"])
            }
            Exit.done("\(file): \(outcome.rows) rows, \(outcome.bytes) bytes, checked")
        } catch {
            Exit.failed(["sluice: \(error)"])
        }
    }
}
