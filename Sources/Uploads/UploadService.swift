package import AWS
package import Bytes
package import Catalog
package import Gateway
internal import Crypto
package import ObjectStore
package import Reactor
internal import Tokens

/// What all uploads of one worker share. It lives on the worker's thread.
package final class UploadService {
    let loop: EventLoop
    let judge: Judge
    let cors: CORSPolicy
    let publicURL: PublicURL
    /// Host and port of the listener, for requests that name none.
    let ownAddress: String
    let store: any UploadStore
    let catalog: Catalog
    let records: RecordExchanges
    let spool: Spool
    let files: FilesPort
    let objects: (any ObjectReader)?
    let limits: UploadServiceLimits
    /// Whose word about a caller is taken.
    let trusted: TrustedPeers
    let rates: RateGate
    let events: any UploadObserver
    private(set) var secrets: SecretKeys?
    var identifiers = Identifiers()
    var isDraining = false

    private let journalAnswers: Mailbox<JournalAnswer>
    private var drivers: [UInt64: UploadDriver] = [:]
    private var lastTag: UInt64 = 0
    /// Forms whose file has not begun.
    private var forms: [ObjectIdentifier: FormDriver] = [:]
    /// Those whose abort is under way.
    var abortingCount = 0
    /// Bytes in the windows of all uploads of this worker.
    var windowBytes = 0

    package init(
        loop: EventLoop, judge: Judge, cors: CORSPolicy, publicURL: PublicURL, ownAddress: String,
        store: any UploadStore,
        catalog: Catalog, journalAnswers: Mailbox<JournalAnswer>, records: RecordExchanges, spool: Spool,
        files: FilesPort, objects: (any ObjectReader)?, limits: UploadServiceLimits, trusted: TrustedPeers,
        rates: RateGate, events: any UploadObserver
    ) {
        self.loop = loop
        self.judge = judge
        self.cors = cors
        self.publicURL = publicURL
        self.ownAddress = ownAddress
        self.store = store
        self.catalog = catalog
        self.records = records
        self.journalAnswers = journalAnswers
        self.spool = spool
        self.files = files
        self.objects = objects
        self.limits = limits
        self.trusted = trusted
        self.rates = rates
        self.events = events
    }

    /// Uploads that have not ended, those whose abort is under way included.
    package var uploadsCount: Int { drivers.count }

    /// Uploads that somebody may still wait for, or that may still become an object.
    package var unsettledCount: Int { drivers.count - abortingCount }

    /// Tokens are verified with these secrets from now on.
    package func use(_ snapshot: SecretSnapshot?) { secrets = snapshot.map(SecretKeys.init) }

    /// Takes an answer of the catalog to the upload that it belongs to.
    package func journalAnswered(_ answer: JournalAnswer) {
        drivers[answer.tag]?.journalAnswered(answer)
    }

    /// Refuses uploads that have not been accepted yet; those under way go on.
    package func drain() { isDraining = true }

    /// Ends every upload under way with 503 and an abort: the time for draining is over.
    package func cancelAll() {
        for driver in Array(drivers.values) { driver.cancel(.storeUnavailable) }
        for form in Array(forms.values) { form.cancel(.storeUnavailable) }
    }

    func add(_ form: FormDriver) { forms[ObjectIdentifier(form)] = form }

    func remove(_ form: FormDriver) { forms[ObjectIdentifier(form)] = nil }

    func add(_ driver: UploadDriver) -> UInt64 {
        lastTag += 1
        drivers[lastTag] = driver
        return lastTag
    }

    func remove(_ tag: UInt64) { drivers[tag] = nil }

    /// Ends the slowest uploads while the windows of all together hold more than they may. Those whose body is whole
    /// are the store's to finish: it may have completed them already.
    func shedWhileOver() {
        while windowBytes > limits.windowMemoryBytes {
            var slowest: UploadDriver?
            for driver in drivers.values where driver.heldBytes > 0 && !driver.isWhole {
                if driver.bytesPerSecond < slowest?.bytesPerSecond ?? .max { slowest = driver }
            }
            guard let slowest else { return }
            let before = windowBytes
            slowest.shed("the windows of all uploads are over SLUICE_WINDOW_MEMORY_BYTES")
            // One that is past undoing gives nothing back now.
            guard windowBytes < before else { return }
        }
    }

    /// Ends the slowest of the uploads that trickle into the spool: they must not lock out who would be done in a
    /// moment.
    ///
    /// - Returns: whether there was one, of this worker.
    func shedSlowestTrickle() -> Bool {
        var slowest: UploadDriver?
        for driver in drivers.values where driver.tricklesIntoSpool {
            if driver.bytesPerSecond < slowest?.bytesPerSecond ?? .max { slowest = driver }
        }
        guard let slowest else { return false }
        slowest.shed("every slot of the spool is taken, see SLUICE_SPOOL_SLOTS")
        return true
    }

    /// - Returns: false when the catalog's queue is full.
    func submit(_ entry: JournalEntry, tag: UInt64, wantsAnswer: Bool) -> Bool {
        catalog.submit(entry, replyTo: wantsAnswer ? journalAnswers : nil, tag: tag)
    }

    /// Why another upload may not begin; nil: its state and the first block of its window find room.
    var shortage: String? {
        if let refusal = catalog.refusal { return refusal }
        // Those that are being undone have no client, and mostly wait: they must not keep others out for minutes.
        if drivers.count - abortingCount + forms.count >= limits.uploadsMax {
            return "a worker has \(limits.uploadsMax) uploads under way"
        }
        if drivers.count + forms.count >= limits.driversMax {
            return "a worker has \(abortingCount) uploads to undo, and the store does not let it"
        }
        guard windowBytes + UploadServiceLimits.firstWindowBytes > limits.windowMemoryBytes else { return nil }
        return "the windows of all uploads are full: raise SLUICE_WINDOW_MEMORY_BYTES"
    }
}

/// The limits of one worker.
package struct UploadServiceLimits: Sendable {
    /// Bytes that the windows of all uploads of one worker may hold together.
    package var windowMemoryBytes: Int
    /// The rate below which a body opens no upload.
    package var minBodyBytesPerSecond: Int64
    /// Uploads under way on one worker, whose state is bounded thereby.
    package var uploadsMax: Int
    /// The same with those that are being undone: as many again, and those that wait for a second look at the store.
    package var driversMax: Int { 2 * uploadsMax + S3Store.recheckUploadsMax }

    /// Bytes of one upload's window at which its client is no longer read.
    package static let windowBytesMax = 128 * 1024
    /// The same once the first of its bytes are gone, and the window holds nothing for a second attempt any more.
    static let streamBytesMax = 64 * 1024
    /// When all slots of the spool are taken: how long an upload that has one may send nothing; after how long its rate
    /// counts, and the least it may be then. A phone's pauses are shorter, and its rate is tenfold.
    static let spoolIdleMilliseconds: Int64 = 2_000
    static let spoolGraceMilliseconds: Int64 = 10_000
    static let spoolBytesPerSecondMin: UInt64 = 8_192
    /// What a new upload must find free: the block that its first bytes go to.
    static let firstWindowBytes = 64 * 1024

    package init(windowMemoryBytes: Int, minBodyBytesPerSecond: Int64, uploadsMax: Int) {
        self.windowMemoryBytes = windowMemoryBytes
        self.minBodyBytesPerSecond = minBodyBytesPerSecond
        self.uploadsMax = uploadsMax
    }
}

/// Identifiers of requests and objects, random, in the kernel's good numbers but without asking for each.
struct Identifiers {
    private var pool: [UInt64] = []

    mutating func uuid() -> String { UUIDText.version4(upper: next(), lower: next()) }

    private mutating func next() -> UInt64 {
        if pool.isEmpty { pool = SecureRandom.uint64s(64) }
        return pool.removeLast()
    }
}
