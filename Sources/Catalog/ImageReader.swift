internal import Database
internal import Gateway
internal import Logging
internal import Reactor

/// An image that is looked for by its id.
struct ReadRequest: Sendable {
    let imageID: Int64
    let replyTo: Mailbox<JournalAnswer>
    let tag: UInt64
}

/// The one thread that reads for requests, on a connection of its own that cannot write. Each look is a transaction of
/// its own, so it sees what was committed last and keeps no checkpoint waiting.
final class ImageReader {
    private let path: String
    private let configuration: CatalogConfiguration
    private let logger: Logger
    private let requests: Mailbox<ReadRequest>
    private let queue: JournalQueue
    private var connection: DatabaseConnection?
    private var byID: PreparedStatement?
    private var isInTrouble = false

    init(
        path: String, configuration: CatalogConfiguration, logger: Logger, requests: Mailbox<ReadRequest>,
        queue: JournalQueue
    ) {
        self.path = path
        self.configuration = configuration
        self.logger = logger
        self.requests = requests
        self.queue = queue
    }

    /// Works until the mailbox is closed and empty.
    func run() {
        var batch: [ReadRequest] = []
        while requests.waitAll(into: &batch) {
            for request in batch { serve(request) }
        }
        close()
    }

    private func serve(_ request: ReadRequest) {
        do {
            let record = try read(request.imageID)
            if isInTrouble {
                isInTrouble = false
                logger.notice("\(path) can be read again")
            }
            // `stored` is written behind the 201: whoever has that may ask before it is committed, and the writer alone
            // knows what is on its way.
            if record?.state == .completing { return askWriter(request) }
            answer(request, .image(record))
        } catch {
            // A new connection for the next, which reads what is there then.
            close()
            if !isInTrouble {
                isInTrouble = true
                logger.error("\(path) cannot be read: \(error)")
            }
            answer(request, .failed(.unavailable(error.description)))
        }
    }

    private func read(_ id: Int64) throws(DatabaseError) -> ImageRecord? {
        let statement = try prepared()
        try statement.bind(1, id)
        return try ImageRow.read(statement)
    }

    private func prepared() throws(DatabaseError) -> PreparedStatement {
        if let byID { return byID }
        let opened = try DatabaseConnection(
            path: path, access: .readingOnly, busyTimeoutMilliseconds: configuration.busyMilliseconds)
        let statement = try opened.prepare(ImageRow.select + " WHERE id = ?1")
        connection = opened
        byID = statement
        return statement
    }

    private func askWriter(_ request: ReadRequest) {
        let look = JournalRequest(entry: .look(request.imageID), replyTo: request.replyTo, tag: request.tag)
        if !queue.post(look) { answer(request, .failed(.unavailable("the journal's queue is full"))) }
    }

    private func answer(_ request: ReadRequest, _ result: JournalResult) {
        // Whoever asks has kept room for the answer.
        if !request.replyTo.post(JournalAnswer(tag: request.tag, result: result)) {
            logger.error("an answer found no room in its mailbox", metadata: ["tag": "\(request.tag)"])
        }
    }

    private func close() {
        byID = nil
        connection?.close()
        connection = nil
    }
}
