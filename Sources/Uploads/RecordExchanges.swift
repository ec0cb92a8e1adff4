package import Catalog
internal import Gateway
package import Reactor

/// A request about records that waits for the catalog's answer.
protocol RecordExchange: AnyObject {
    func recordAnswered(_ result: JournalResult)
}

/// The requests about records that are under way on one worker. Each asks the catalog one thing.
package final class RecordExchanges {
    /// Room for as many answers as requests: the mailbox of the answers must have it.
    package static let exchangesMax = 2_048
    /// Bodies on their way, 16 MiB of a worker at most. One more pushes out the oldest: such a body comes with its head
    /// or soon after it, so that is one that keeps others out.
    static let bodiesMax = 2_048

    private let catalog: Catalog
    private let answers: Mailbox<JournalAnswer>
    private var exchanges: [UInt64: any RecordExchange] = [:]
    private var lastTag: UInt64 = 0
    private var bodies: [UInt64: RegistrationDriver] = [:]
    private var lastBody: UInt64 = 0
    /// The smallest number of them; one past the last where there are none.
    private var oldestBody: UInt64 = 1

    package init(catalog: Catalog, answers: Mailbox<JournalAnswer>) {
        self.catalog = catalog
        self.answers = answers
    }

    /// Counts a body that is on its way; its number.
    func gather(_ driver: RegistrationDriver) -> UInt64 {
        if bodies.count >= Self.bodiesMax { pushOutOldest() }
        lastBody += 1
        bodies[lastBody] = driver
        return lastBody
    }

    /// The body is whole, or nobody wants it any more. A second call does nothing.
    func gathered(_ number: UInt64) {
        bodies[number] = nil
        while oldestBody <= lastBody, bodies[oldestBody] == nil { oldestBody += 1 }
    }

    private func pushOutOldest() {
        let pushedOut = bodies[oldestBody]
        gathered(oldestBody)
        pushedOut?.pushedOut()
    }

    /// Takes a request on and gives it a tag; nil: there are too many.
    func begin(_ exchange: any RecordExchange) -> UInt64? {
        guard exchanges.count < Self.exchangesMax else { return nil }
        lastTag += 1
        exchanges[lastTag] = exchange
        return lastTag
    }

    /// Ends a request that has not asked the catalog. One that has keeps its place until the answer is there.
    func end(_ tag: UInt64) { exchanges[tag] = nil }

    /// - Returns: false when the catalog takes nothing more in; nothing will be answered.
    func register(_ registration: ImageRegistration, tag: UInt64) -> Bool {
        catalog.submit(.registration(registration), replyTo: answers, tag: tag)
    }

    /// - Returns: false when the catalog takes nothing more in; nothing will be answered.
    func look(_ imageID: Int64, tag: UInt64) -> Bool { catalog.look(imageID, replyTo: answers, tag: tag) }

    /// Takes an answer of the catalog to the request that it belongs to.
    package func answered(_ answer: JournalAnswer) {
        exchanges.removeValue(forKey: answer.tag)?.recordAnswered(answer.result)
    }
}
