internal import Catalog
internal import Gateway

/// One `GET /images/{imageId}`, from its head to the catalog's answer.
final class ImageLook: BodyTaker, RecordExchange {
    private let query: ImageQuery
    /// nil once the client is answered or gone.
    private weak var handler: UploadHandler?

    init(query: ImageQuery, handler: UploadHandler) {
        self.query = query
        self.handler = handler
    }

    /// - Returns: false when too many are under way.
    func start(_ records: RecordExchanges) -> Bool {
        guard let tag = records.begin(self) else { return false }
        if records.look(query.imageID, tag: tag) { return true }
        records.end(tag)
        return false
    }

    func recordAnswered(_ result: JournalResult) {
        let answered = handler
        handler = nil
        answered?.lookEnded(result, query: query)
    }

    // What a client sends behind such a head is nobody's.

    var waitsForStore: Bool { true }

    func receive(_ bytes: Span<UInt8>) {}

    func bodyEnded() {}

    func clientLost() { handler = nil }
}
