internal import Bytes
internal import FuzzBasics
internal import Gateway

/// Rates as an input's request meets them, and what plain counting makes of them.
struct PlainRates {
    private let setting: RequestSetting
    private let keys: RateKeys
    private var callers: RateTable?
    private var subjects: RateTable?
    private var guestTokens: GlobalRate?
    private var now: Int64 = 1 << 40
    private var isFirst = true
    /// What was answered to the questions of one request.
    private(set) var verdicts: [RateVerdict] = []
    private var asked: [RateSubject] = []
    private var answers: [(kind: Int, now: Int64, verdict: RateVerdict)] = []

    init(_ setting: RequestSetting) {
        self.setting = setting
        keys = RateKeys(seed: (1, 2), v6PrefixBits: setting.v6PrefixBits)
        guard let rate = setting.rate else { return }
        callers = RateTable(rate, entriesMax: setting.others >= 32 ? 0 : 64)
        subjects = RateTable(rate, entriesMax: 8)
        // Fewer than of anything else, or the caller would always be asked to wait first.
        guestTokens = GlobalRate(RateLimit(ratePerSecond: 1, burst: 1))
        for other in 0 ..< setting.others {
            let address = IPAddress(v4: 0x0B00_0000 + UInt32(other % 48))
            _ = callers?.admit(key: keys.key(address: address), nowMicroseconds: now)
        }
    }

    mutating func begin() {
        if !isFirst { now = now.addingReportingOverflow(setting.pauseMicroseconds).partialValue }
        isFirst = false
        verdicts = []
        asked = []
    }

    mutating func admit(_ subject: RateSubject, _ caller: IPAddress?) -> RateVerdict {
        asked.append(subject)
        let kind: Int
        let verdict: RateVerdict?
        switch subject {
        case .caller:
            kind = 0
            verdict = callers?.admit(key: keys.key(address: caller), nowMicroseconds: now)
        case .subject(let text):
            kind = 1
            verdict = subjects?.admit(key: keys.key(subject: text), nowMicroseconds: now)
        case .guestToken:
            kind = 2
            verdict = guestTokens?.admit(nowMicroseconds: now)
        }
        verdicts.append(verdict ?? .admitted)
        if let verdict { answers.append((kind, now, verdict)) }
        return verdict ?? .admitted
    }

    /// The order of the contract, nothing behind a refusal, and no more than the rate allows.
    func check() throws(OracleFailure) {
        if let first = asked.first, first != .caller { throw OracleFailure("the caller's rate comes second") }
        guard asked.count <= 2 else { throw OracleFailure("three rates") }
        for verdict in verdicts.dropLast() where verdict != .admitted { throw OracleFailure("asked behind a refusal") }
        for verdict in verdicts {
            if case .refused(let seconds) = verdict, seconds < 1 { throw OracleFailure("come back at once") }
        }
        guard let rate = setting.rate, let limit = Self.limits[rate], setting.pauseMicroseconds >= 0 else { return }
        for kind in 0 ..< 3 {
            let answers = answers.filter { $0.kind == kind }.map { (now: $0.now, verdict: $0.verdict) }
            try check(answers, kind == 2 ? (1_000_000_000, 1) : limit)
        }
        let capacity = callers?.capacity ?? 8
        guard capacity >= 8, capacity & (capacity - 1) == 0 else { throw OracleFailure("\(capacity) entries") }
    }

    /// The three rates that there are, by the nanoseconds between two and how many at once.
    private static let limits: [RateLimit: (interval: Int64, burst: Int)] = [
        RateLimit(ratePerSecond: 1, burst: 1): (1_000_000_000, 1),
        RateLimit(ratePerMinute: 7, burst: 2): (8_571_428_572, 2),
        RateLimit(ratePerSecond: 0, burst: 3): (1_000_000_000, 3),
    ]

    /// A bucket that fills as time passes. The clock of a table stops somewhere: then nothing is counted.
    private func check(
        _ answers: [(now: Int64, verdict: RateVerdict)], _ limit: (interval: Int64, burst: Int)
    ) throws(OracleFailure) {
        guard setting.others == 0, answers.allSatisfy({ (0 ..< 1 << 50).contains($0.now) }) else { return }
        let full = limit.interval * Int64(limit.burst)
        var credit = full
        var last = answers.first?.now ?? 0
        for (now, verdict) in answers {
            credit = min(full, credit + (now - last) * 1_000)
            last = now
            if credit >= limit.interval {
                guard verdict == .admitted else { throw OracleFailure("refused before its time") }
                credit -= limit.interval
            } else {
                let seconds = Int((limit.interval - credit + 999_999_999) / 1_000_000_000)
                guard verdict == .refused(retryAfterSeconds: seconds) else { throw OracleFailure("over the rate") }
            }
        }
    }

    /// One caller has one key, and nobody else has it.
    func checkKeys(_ address: IPAddress?) throws(OracleFailure) {
        let key = keys.key(address: address)
        guard let address else {
            guard key != keys.key(subject: ""), key != keys.key(address: IPAddress(v4: 0))
            else { throw OracleFailure("a peer without an address shares its key") }
            return
        }
        let bits = address.isV4 ? 128 : min(max(setting.v6PrefixBits, 32), 128)
        for bit in [0, 31, 32, 55, 56, 63, 64, 95, 96, 127] {
            let upper = bit < 64 ? address.upper ^ 1 << UInt64(63 - bit) : address.upper
            let lower = bit < 64 ? address.lower : address.lower ^ 1 << UInt64(127 - bit)
            let other = IPAddress(upper: upper, lower: lower)
            guard other.isV4 == address.isV4 else { continue }
            guard (keys.key(address: other) == key) == (bit >= bits)
            else { throw OracleFailure("bit \(bit) of an address") }
        }
    }
}
