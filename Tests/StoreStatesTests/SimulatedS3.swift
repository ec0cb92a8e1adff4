import StoreStates

/// A bucket with one key that keeps S3's promises and loses answers, all of it from one seed.
struct SimulatedS3 {
    struct Object: Equatable {
        var length: Int64
        var token: String
        /// The store took other bytes than it was sent, and said so.
        var isWrong = false
    }

    private var random: SplitMix
    private var serial = 0
    private(set) var uploads: [String: [Int: Int64]] = [:]
    private(set) var object: Object?
    /// A Complete that nobody waits for any more, and which may still go through.
    private var lateComplete: (uploadID: String, length: Int64)?
    /// Creates that nobody waits for any more, by the time of their end.
    private var lateCreates: [Int] = []
    /// PutObjects that nobody waits for any more, by the time of their end.
    private var latePuts: [(length: Int64, at: Int)] = []
    /// What a Complete at work puts together, its upload being denied already.
    private var lateObject: (object: Object, at: Int)?
    private var milliseconds = 0
    /// How often the last request was sent for its one answer.
    private(set) var sends = 1
    let token: String
    /// Out of 100.
    var faults: Int
    private(set) var requests = 0

    init(seed: UInt64, token: String, faults: Int) {
        random = SplitMix(state: seed)
        self.token = token
        self.faults = faults
    }

    mutating func roll(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    /// Does what is asked, or does not, and answers, or does not.
    mutating func answer(_ step: S3Step) -> S3Answer {
        requests += 1
        sends = 1
        settleLateComplete()
        settle(until: milliseconds)
        guard roll(100) < faults else { return perform(step) }
        switch roll(9) {
        case 0: return .lost(S3Problem(detail: "refused connection"), mayHaveArrived: false)
        case 1: return .refused(S3Problem(status: 503, code: "SlowDown", detail: "slow down"))
        case 2:
            if case .complete(let uploadID, let parts) = step, uploads[uploadID] != nil {
                let length = parts.reduce(0) { $0 + $1.length }
                if roll(2) == 0 {
                    lateComplete = (uploadID, length)
                } else {
                    uploads[uploadID] = nil
                    lateObject = (Object(length: length, token: token), milliseconds + roll(10_000))
                }
            }
            if case .create = step, roll(2) == 0 { lateCreates.append(milliseconds + roll(60_000)) }
            if case .put(let length) = step, roll(2) == 0 { latePuts.append((length, milliseconds + roll(600_000))) }
            return .lost(S3Problem(detail: "timed out"), mayHaveArrived: true)
        case 3:
            _ = perform(step)
            return .lost(S3Problem(detail: "reset"), mayHaveArrived: true)
        case 4:
            _ = perform(step)
            return .refused(S3Problem(status: 500, code: "InternalError", detail: "internal error"))
        case 5:
            // The connection ended before a byte of the answer, and the client's library sent the request again.
            sends = 2
            if roll(2) == 0 { _ = perform(step) }
            return perform(step)
        case 6:
            // A gateway's own, with the request passed on or not.
            if roll(2) == 0 { _ = perform(step) }
            return .refused(S3Problem(status: 503, detail: "no healthy upstream"))
        case 7:
            guard case .put(let length) = step else { return perform(step) }
            object = Object(length: length, token: token, isWrong: true)
            return .refused(S3Problem(status: 502, detail: "another sum", isKnownWrong: true))
        default: return .refused(S3Problem(status: 403, code: "AccessDenied", detail: "denied"))
        }
    }

    mutating func pass(milliseconds passed: Int) { milliseconds += passed }

    /// Whatever is under way at the store ends.
    mutating func settle() {
        lateComplete = lateComplete.flatMap { uploads[$0.uploadID] == nil ? nil : $0 }
        settle(until: .max)
    }

    private mutating func settle(until time: Int) {
        for due in lateCreates where due <= time { _ = perform(.create) }
        lateCreates.removeAll { $0 <= time }
        for late in latePuts where late.at <= time { _ = perform(.put(length: late.length)) }
        latePuts.removeAll { $0.at <= time }
        guard let late = lateObject, late.at <= time else { return }
        lateObject = nil
        object = late.object
    }

    private mutating func settleLateComplete() {
        guard let late = lateComplete, roll(3) == 0 else { return }
        lateComplete = nil
        guard uploads.removeValue(forKey: late.uploadID) != nil else { return }
        object = Object(length: late.length, token: token)
    }

    private mutating func perform(_ step: S3Step) -> S3Answer {
        switch step {
        case .create:
            serial += 1
            uploads["id\(serial)"] = [:]
            return .created(uploadID: "id\(serial)")
        case .part(let uploadID, let number, let length):
            guard uploads[uploadID] != nil else { return noSuchUpload }
            uploads[uploadID]?[number] = length
            return .stored(etag: "\"e\(number)\"")
        case .complete(let uploadID, let parts):
            guard let stored = uploads[uploadID] else { return noSuchUpload }
            for part in parts where stored[part.number] != part.length {
                return .refused(S3Problem(status: 400, code: "InvalidPart", detail: "invalid part"))
            }
            uploads[uploadID] = nil
            object = Object(length: parts.reduce(0) { $0 + $1.length }, token: token)
            return .completed
        case .abort(let uploadID):
            return uploads.removeValue(forKey: uploadID) == nil ? .gone : .aborted
        case .head:
            guard let object else { return .noObject }
            return .object(length: object.length, recordToken: object.token)
        case .search: return .uploads(uploads.keys.sorted())
        case .put(let length):
            object = Object(length: length, token: token)
            return .stored(etag: "\"e\"")
        case .delete:
            object = nil
            return .deleted
        }
    }

    private var noSuchUpload: S3Answer {
        .refused(S3Problem(status: 404, code: "NoSuchUpload", detail: "no such upload"))
    }
}

/// The SplitMix64 generator: the same seed, the same run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
