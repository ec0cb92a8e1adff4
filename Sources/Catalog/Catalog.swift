internal import Linux
package import Logging
package import Reactor

/// The record of uploads: one SQLite file, one thread that writes it, one that reads it, any number that ask them to.
package final class Catalog: Sendable {
    package let path: String
    /// Who this process is in the rows that it makes.
    package let instanceID: String
    private let queue: JournalQueue
    private let status: CatalogStatus
    private let thread: Thread
    /// Waiting entries from which on no upload is let in: those that were let in need the rest.
    private let admissionEntriesMax: Int
    private let stallMilliseconds: Int64
    private let reads: Mailbox<ReadRequest>
    private let reader: Thread

    /// Opens the record, makes it where it is missing, and starts the writer.
    ///
    /// - Throws: ``CatalogError``: the file, its directory or the schema is not usable; says what to do about it.
    package init(
        path: String, configuration: CatalogConfiguration = CatalogConfiguration(), logger: Logger
    ) throws(CatalogError) {
        // The locks are beside the file itself: processes that know it by different names must find each other there.
        let path = Files.resolved(path)
        let status = CatalogStatus()
        admissionEntriesMax = configuration.queueEntriesMax - configuration.queueEntriesMax / 4
        stallMilliseconds = configuration.stallMilliseconds
        do {
            let queue = try JournalQueue(capacity: configuration.queueEntriesMax)
            let started = try Mailbox<Result<String, CatalogError>>(capacity: 1)
            let thread = try Thread.start(name: "catalog") {
                do throws(CatalogError) {
                    let writer = try CatalogWriter(
                        path: path, configuration: configuration, logger: logger, queue: queue, status: status)
                    _ = started.post(.success(writer.instanceID))
                    writer.run()
                } catch {
                    _ = started.post(.failure(error))
                }
            }
            self.path = path
            self.queue = queue
            self.status = status
            self.thread = thread
            var instanceID = ""
            for result in started.waitAll() { instanceID = try result.get() }
            self.instanceID = instanceID
            let reads = try Mailbox<ReadRequest>(capacity: configuration.readsMax)
            self.reads = reads
            reader = try Thread.start(name: "catalog-reader") {
                ImageReader(
                    path: path, configuration: configuration, logger: logger, requests: reads, queue: queue
                ).run()
            }
        } catch let error as CatalogError {
            throw error
        } catch {
            throw CatalogError(path: path, reason: "\(error)", remedy: "raise the limits of this process")
        }
    }

    deinit {
        reads.close()
        queue.close()
    }

    /// Puts a write into the journal. From any thread; returns at once.
    ///
    /// The answer, where one is wanted, is posted to `replyTo` with `tag` once the write is as durable as
    /// ``UploadLife`` asks of its state. That mailbox must have room for every answer that its owner waits for.
    /// Writes to one row are performed in the order in which they were submitted.
    ///
    /// - Returns: `false` when the queue is full (for an entry with `replyTo`: all but an eighth of it) or the catalog
    ///   closed: nothing is written and nothing answered.
    package func submit(_ entry: JournalEntry, replyTo: Mailbox<JournalAnswer>?, tag: UInt64) -> Bool {
        queue.post(JournalRequest(entry: entry, replyTo: replyTo, tag: tag))
    }

    /// Looks for an image. From any thread; returns at once. What a 201 promised before is seen.
    ///
    /// The answer, ``JournalResult/image(_:)``, is posted to `replyTo` with `tag`; that mailbox must have room for
    /// every answer that its owner waits for.
    ///
    /// - Returns: `false` when too many wait or the catalog is closed: nothing is answered.
    package func look(_ imageID: Int64, replyTo: Mailbox<JournalAnswer>, tag: UInt64) -> Bool {
        reads.post(ReadRequest(imageID: imageID, replyTo: replyTo, tag: tag))
    }

    /// Rows of which the last write was not kept, each asked for once: nobody but recovery will finish them.
    package func takeLeftRows() -> [Int64] { status.takeLeftRows() }

    /// How many writes wait for the writer.
    package var queuedEntries: Int { queue.count }

    package var health: CatalogHealth { status.current }

    /// Why no upload may begin now; nil: one may. From any thread, and cheap enough to be asked for each.
    package var refusal: String? {
        if case .failing(let reason, _) = health { return "the record cannot be written: \(reason)" }
        return lag
    }

    /// The health in a word or a sentence, as `/readyz` shows it.
    package var readiness: String {
        switch health {
        case .ok: lag ?? "ok"
        case .failing(let reason, let remedy): "\(reason); \(remedy)"
        }
    }

    /// How far the writer is behind, where that is too far.
    private var lag: String? {
        let milliseconds = status.busyMilliseconds
        if milliseconds >= stallMilliseconds {
            return "the writer has waited \(milliseconds / 1_000) s for one write; check the disk below \(path)"
        }
        let count = queue.count
        guard count >= admissionEntriesMax else { return nil }
        return "\(count) writes wait for the writer; check the disk below \(path)"
    }

    /// Writes what was submitted, copies the log into the file and closes it. Blocks until all that is done; nothing
    /// is taken in any more.
    package func close() {
        reads.close()
        reader.join()
        queue.close()
        thread.join()
    }
}
