import Gateway
import Images
import Tokens

/// A seeded world around one `UploadExchange`: client, store and journal answer in any order, late, wrongly or never,
/// and every invariant is looked at after every event.
struct UploadSimulation {
    /// What has gone wrong, empty when every invariant held.
    private(set) var violations: [String] = []
    private(set) var trace: [String] = []
    /// How it ended for the client; nil when it was gone.
    var answer: UploadAnswer? { replies.first }

    /// Bytes of the object, where it was written with one PutObject.
    private(set) var put: UInt64?
    /// Whether its record began with `completing`.
    private(set) var beganWhole = false

    private var random: SplitMix64
    private var replies: [UploadAnswer] = []
    private var ended = false
    private var clientGone = false
    private var storeHasUpload = false
    private var objectExists = false
    private var createAnswered = false
    private var openingCommitted = false
    private var completingDurable = false
    private var isAborting = false
    private var partBytesStored: UInt64 = 0
    private var withdrawalCommitted = false
    /// Whether the last bytes of a PutObject may go.
    private var isReleased = false
    private var isStoredInRecord = false
    /// The upload that the key of this one belongs to, once the record has said so.
    private var known: KnownUpload?
    /// Whether that was there still when it was asked for last.
    private var isKnownThere = false
    private static let digest: [UInt8] = [1]
    private var hasKey = false
    /// Of the bodies that are held whole some are shorter than what is withheld of a longer one, some are not.
    static let heldBytesMax: UInt64 = 12
    static let withheldBytes: UInt64 = 8
    private var pending: [Pending] = []

    private enum Pending: Equatable {
        case opening, whole, completing, withdrawn, look, create, part(number: Int, length: UInt64), complete, put
        case abort, timer

        /// Whether the store answers it. After an abort it answers nothing else.
        var isOfStore: Bool {
            switch self {
            case .opening, .whole, .completing, .withdrawn, .look: false
            case .create, .part, .complete, .put, .abort, .timer: true
            }
        }
    }

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    mutating func run() {
        let chunked = Bool.random(using: &random)
        let bodyBytes = UInt64.random(in: 0 ... 60, using: &random)
        var policy = UploadPolicy(uploadBytesMax: 50, partBytes: 20)
        policy.openBytes = 10
        policy.heldBytesMax = Self.heldBytesMax
        policy.withheldBytes = Self.withheldBytes
        switch Int.random(in: 0 ..< 4, using: &random) {
        case 0: policy.strategy = .put
        case 1: policy.strategy = .auto
        default: break
        }
        hasKey = Bool.random(using: &random)
        let plan = UploadPlan(
            key: ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .gif),
            claims: TokenClaims(subject: "1", role: .user, expiresAt: 9), type: .gif,
            declaredBytes: chunked ? nil : min(bodyBytes, 50), filename: nil, host: "h", recordToken: "r",
            expectsContinue: false, idempotencyKey: hasKey ? "k" : nil)
        let goodMagic = Int.random(in: 0 ..< 8, using: &random) > 0
        let body = [UInt8]((goodMagic ? "GIF89a" : "GIF88a").utf8) + [UInt8](repeating: 1, count: 100)
        let total = Int(chunked ? bodyBytes : min(bodyBytes, 50))
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan, policy: policy, into: &effects)
        perform(effects)
        var sent = 0
        var bodyEnded = false
        var steps = 0
        while !ended, steps < 500 {
            steps += 1
            effects = []
            let clientMaySend = !clientGone && !bodyEnded && replies.isEmpty
            if clientMaySend, Int.random(in: 0 ..< 3, using: &random) > 0 {
                if Int.random(in: 0 ..< 40, using: &random) == 0 {
                    clientGone = true
                    trace.append("client lost")
                    exchange.clientLost(into: &effects)
                } else if sent == total {
                    bodyEnded = true
                    trace.append("body end")
                    exchange.bodyEnded(digest: Self.digest, into: &effects)
                } else {
                    let length = Int.random(in: 1 ... min(15, total - sent), using: &random)
                    trace.append("body \(length)")
                    let piece = Array(body[sent ..< sent + length])
                    sent += length
                    let isKept = exchange.receive(piece.span, into: &effects)
                    if isKept, known != nil { violations.append("bytes are kept that only are to be compared") }
                }
            } else if bodyEnded, replies.isEmpty, !clientGone, Int.random(in: 0 ..< 40, using: &random) == 0 {
                trace.append("deadline")
                exchange.cancel(.requestTimeout, into: &effects)
            } else if let index = answerable().randomElement(using: &random) {
                answer(pending.remove(at: index), &exchange, &effects)
            } else if bodyEnded, !clientGone, Bool.random(using: &random) {
                clientGone = true
                trace.append("client lost after whole body")
                exchange.clientLost(into: &effects)
            } else if !clientMaySend {
                violations.append("stuck: nothing pending, not ended")
                return
            }
            perform(effects)
            check(bodyEnded: bodyEnded, total: UInt64(total), goodMagic: goodMagic && total >= 6)
            if !violations.isEmpty { return }
        }
        if !ended { violations.append("did not end within 500 events") }
        if !clientGone, replies.count != 1 { violations.append("\(replies.count) replies at the end") }
    }

    /// What may be answered now: a PutObject whose end is withheld seldom is, and then with a failure.
    private mutating func answerable() -> [Int] {
        let cutsPut = Int.random(in: 0 ..< 20, using: &random) == 0
        return pending.indices.filter { pending[$0] != .put || isReleased || cutsPut }
    }

    private mutating func answer(
        _ event: Pending, _ exchange: inout UploadExchange, _ effects: inout [UploadEffect]
    ) {
        let fails = Int.random(in: 0 ..< 12, using: &random) == 0
        let unknown = Bool.random(using: &random)
        trace.append("\(event) \(fails ? "fails" : "answers")")
        switch event {
        case .opening:
            if fails { return exchange.journalFailed(into: &effects) }
            if hasKey, Int.random(in: 0 ..< 3, using: &random) == 0 { return answerKnown(&exchange, &effects) }
            openingCommitted = true
            exchange.openingCommitted(imageID: 7, into: &effects)
        case .whole:
            if fails { return exchange.journalFailed(into: &effects) }
            openingCommitted = true
            completingDurable = true
            exchange.openingCommitted(imageID: 7, into: &effects)
        case .completing:
            if fails { return exchange.journalFailed(into: &effects) }
            completingDurable = true
            exchange.completingDurable(into: &effects)
        case .withdrawn:
            if fails { return exchange.withdrawalFailed(into: &effects) }
            withdrawalCommitted = true
            exchange.withdrawalCommitted(into: &effects)
        case .look:
            if fails { return exchange.journalFailed(into: &effects) }
            // Deleted while the body came, or about to be, or still there.
            let states: [UploadLife.State?] = [nil, .expiring, .stored, .stored]
            let image = states.randomElement(using: &random)?.flatMap { Self.image($0, bytes: 6) }
            isKnownThere = image?.state == .stored
            exchange.knownLooked(image, into: &effects)
        case .put:
            guard isReleased else { return exchange.storeFailed(outcomeUnknown: false, into: &effects) }
            if !fails || unknown { objectExists = true }
            partBytesStored = put ?? 0
            if fails { return exchange.storeFailed(outcomeUnknown: unknown, into: &effects) }
            exchange.storeCompleted(into: &effects)
        case .create:
            if fails {
                storeHasUpload = storeHasUpload || unknown
                return exchange.storeFailed(outcomeUnknown: unknown, into: &effects)
            }
            storeHasUpload = true
            createAnswered = true
            exchange.storeCreated(uploadID: "up", into: &effects)
        case .part(let number, let length):
            if fails { return exchange.storeFailed(outcomeUnknown: unknown, into: &effects) }
            partBytesStored += length
            exchange.storePartStored(PartReceipt(number: number, entityTag: "e", bytes: Int64(length)), into: &effects)
        case .complete:
            if !fails || unknown {
                objectExists = true
                storeHasUpload = false
            }
            if fails { return exchange.storeFailed(outcomeUnknown: unknown, into: &effects) }
            exchange.storeCompleted(into: &effects)
        case .abort:
            // Nothing of the upload is answered after its abort was.
            pending.removeAll { $0.isOfStore }
            let certain = (createAnswered || !storeHasUpload) && !fails
            if certain {
                storeHasUpload = false
                if put != nil { objectExists = false }
            }
            exchange.storeAborted(isCertain: certain, into: &effects)
        case .timer: exchange.openDelayPassed(arrivesFastEnough: unknown, into: &effects)
        }
    }

    private mutating func answerKnown(_ exchange: inout UploadExchange, _ effects: inout [UploadEffect]) {
        let state = [UploadLife.State.opening, .stored, .stored, .stored].randomElement(using: &random) ?? .stored
        let image = Self.image(state, bytes: Int64.random(in: 6 ... 50, using: &random))
        let isSame = Int.random(in: 0 ..< 3, using: &random) > 0
        let found = KnownUpload(image: image, sha256: isSame ? Self.digest : [2])
        trace.append("known: \(found)")
        known = found
        exchange.openingKnown(found, into: &effects)
    }

    private static func image(_ state: UploadLife.State, bytes: Int64) -> ImageRecord {
        ImageRecord(
            imageID: 3, key: "k", owner: "1", contentType: "image/gif", filename: nil, fileBytes: bytes, state: state,
            uploaded: 1, registered: nil, registrant: nil, expires: nil)
    }

    /// What may come of an upload whose key is known: a look, one reply and the end.
    private mutating func checkKnown(_ effect: UploadEffect) {
        guard let known else { return }
        switch effect {
        case .end, .reply(.refused), .journal(.look(imageID: 3)): break
        case .reply(.replayed(let image)):
            if image != known.image || known.image.state != .stored || known.sha256 != Self.digest
                || !isKnownThere
            {
                violations.append("the answer of another upload")
            }
        default: violations.append("the record's key is another's, and yet: \(effect)")
        }
    }

    private mutating func perform(_ effects: [UploadEffect]) {
        for effect in effects {
            trace.append("  → \(effect)")
            checkKnown(effect)
            if ended { violations.append("an effect after the end: \(effect)") }
            switch effect {
            case .sendContinue, .openSpool: break
            case .startOpenTimer:
                if !pending.contains(.timer) { pending.append(.timer) }
            case .journal(.opening): pending.append(.opening)
            case .journal(.whole):
                if hasKey || openingCommitted { violations.append("a row that may not begin with `completing`") }
                beganWhole = true
                pending.append(.whole)
            case .journal(.completing):
                if completingDurable || beganWhole { violations.append("`completing` twice") }
                pending.append(.completing)
            case .journal(.gone):
                if storeHasUpload { violations.append("the record is gone, the upload is not") }
                if put != nil, objectExists { violations.append("the record is gone, the object is not") }
            case .journal(.stored): isStoredInRecord = true
            case .journal(.withdrawn): pending.append(.withdrawn)
            case .journal(.look): pending.append(.look)
            case .journal(.uploadID), .journal(.aborting): break
            case .put(let length):
                if !openingCommitted { violations.append("PutObject before `opening` was committed") }
                if put != nil { violations.append("two PutObjects") }
                // A short one has nothing open at the store while its bytes come, a long one never waits for them all.
                if isReleased != (length <= Self.heldBytesMax) { violations.append("a PutObject of \(length) bytes") }
                put = length
                pending.append(.put)
            case .release:
                if !completingDurable { violations.append("the end of a body before `completing` was durable") }
                isReleased = true
            case .leave: pending.removeAll { $0.isOfStore }
            case .create:
                if !openingCommitted { violations.append("Create before `opening` was committed") }
                pending.append(.create)
            case .openPart(let number, let length, _):
                if !createAnswered { violations.append("a part before Create was answered") }
                pending.append(.part(number: number, length: length))
            case .complete:
                if !completingDurable { violations.append("Complete before `completing` was durable") }
                pending.append(.complete)
            case .abort:
                if isAborting { violations.append("two aborts") }
                if isReleased, !withdrawalCommitted { violations.append("a deletion before `aborting` was committed") }
                isAborting = true
                pending.append(.abort)
            case .reply(let answer):
                replies.append(answer)
                if clientGone { violations.append("a reply to nobody") }
                if case .replayed = answer, known == nil { violations.append("a replay of nothing") }
                if case .created = answer, !objectExists { violations.append("201 without an object") }
                if case .created = answer, !completingDurable { violations.append("201 without a durable record") }
            case .end:
                ended = true
                if storeHasUpload, createAnswered, !isAborting { violations.append("an upload was left open") }
                if isReleased, isStoredInRecord, !objectExists { violations.append("a record of no object") }
            }
        }
    }

    private mutating func check(bodyEnded: Bool, total: UInt64, goodMagic: Bool) {
        if replies.count > 1 { violations.append("more than one reply") }
        if storeHasUpload || objectExists, !goodMagic { violations.append("the store was asked for a wrong file") }
        if case .replayed = answer, !bodyEnded || !goodMagic || total > 50 {
            violations.append("a replay for a body that was not judged")
        }
        if objectExists, !bodyEnded || partBytesStored != total || total > 50 {
            violations.append("an object of \(partBytesStored) bytes from a body of \(total)")
        }
    }
}

/// A small generator whose whole state is the seed (Steele, Lea, Flood 2014), so that a failing seed can be run again.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
