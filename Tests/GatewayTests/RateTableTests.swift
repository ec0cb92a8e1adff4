import Bytes
import Testing

@testable import Gateway

struct RateTableTests {
    @Test(arguments: [(0, 8), (8, 8), (15, 8), (16, 16), (65_536, 65_536), (100_000, 65_536), (-5, 8)])
    func `holds a power of two of entries, of one set or more`(entriesMax: Int, capacity: Int) {
        #expect(RateTable(RateLimit(ratePerSecond: 1, burst: 1), entriesMax: entriesMax).capacity == capacity)
    }

    @Test func `each key has a bucket of its own`() {
        var table = RateTable(RateLimit(ratePerSecond: 1, burst: 2), entriesMax: 8)
        for key in [0, 1, 2, UInt64.max] as [UInt64] {
            #expect(table.admit(key: key, nowMicroseconds: 0) == .admitted)
            #expect(table.admit(key: key, nowMicroseconds: 0) == .admitted)
        }
        for key in [0, 1, 2, UInt64.max] as [UInt64] {
            #expect(table.admit(key: key, nowMicroseconds: 0) == .refused(retryAfterSeconds: 1))
        }
    }

    /// Tokens counted up and down, without a table and without a clock that has an end.
    private struct Model {
        let interval: Int64
        let span: Int64
        var buckets: [UInt64: (credit: Int64, at: Int64)] = [:]

        mutating func admits(_ key: UInt64, _ now: Int64) -> Bool {
            let bucket = buckets[key] ?? (span, now)
            var credit = min(span, bucket.credit + (now - bucket.at) * 1_000)
            defer { buckets[key] = (credit, now) }
            guard credit >= interval else { return false }
            credit -= interval
            return true
        }
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func `while nothing is evicted it judges as a dictionary of buckets does`(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        for _ in 0 ..< 40 {
            let limit = RateLimit(
                ratePerMinute: Int.random(in: 1 ... 600, using: &random), burst: Int.random(in: 1 ... 9, using: &random)
            )
            var table = RateTable(limit, entriesMax: 8)
            var model = Model(interval: limit.intervalNanoseconds, span: limit.spanNanoseconds)
            let keys = (0 ..< 8).map { _ in random.next() }
            var now = Int64.random(in: 0 ... 1 << 40, using: &random)
            var refusals = 0
            for _ in 0 ..< 400 {
                now += Int64.random(in: 0 ... 3, using: &random) * Int64.random(in: 0 ... 400_000, using: &random)
                let key = keys[Int.random(in: 0 ..< 8, using: &random)]
                let verdict = table.admit(key: key, nowMicroseconds: now)
                if verdict != .admitted { refusals += 1 }
                let expected = model.admits(key, now)
                try #require((verdict == .admitted) == expected)
            }
            if limit.intervalNanoseconds > 10_000_000_000 { #expect(refusals > 0) }
        }
    }

    @Test func `a full set gives up the bucket that is nearest to full`() {
        var table = RateTable(RateLimit(ratePerMinute: 1, burst: 10), entriesMax: 8)
        func use(_ key: UInt64, _ times: Int) -> Int {
            (0 ..< times).count { _ in table.admit(key: key, nowMicroseconds: 0) == .admitted }
        }
        for key in 1 ... 8 as ClosedRange<UInt64> { #expect(use(key, key == 5 ? 2 : 6) == (key == 5 ? 2 : 6)) }
        #expect(use(9, 6) == 6)
        // The fifth was forgotten, and is new; its place is taken from one of those that lost least since.
        for key in [1, 2, 3, 4, 6, 7, 8, 9] as [UInt64] { #expect(use(key, 20) == 4, "\(key)") }
        #expect(use(5, 20) == 10)
    }

    @Test func `a million sprayed keys free nobody, hold up nobody and take no memory`() {
        var random = SplitMix64(state: 99)
        let keys = RateKeys(seed: (random.next(), random.next()))
        let attacker = keys.key(address: IPAddress(v4: 0xC000_0201))
        let honest = keys.key(address: IPAddress(v4: 0xC633_6401))
        var table = RateTable(RateLimit(ratePerSecond: 1, burst: 10))
        let capacity = table.capacity
        var attackerAdmitted = 0
        var honestAdmitted = 0
        var sprayAdmitted = 0
        // A minute in a million steps; the attacker tries with its own address all the time, the honest one now and
        // then.
        for step in 0 ..< 1_000_000 as Range<Int64> {
            let now = step * 60
            if table.admit(key: random.next(), nowMicroseconds: now) == .admitted { sprayAdmitted += 1 }
            if step % 100 == 0, table.admit(key: attacker, nowMicroseconds: now) == .admitted { attackerAdmitted += 1 }
            if step % 50_000 == 0, table.admit(key: honest, nowMicroseconds: now) == .admitted { honestAdmitted += 1 }
        }
        #expect(sprayAdmitted == 1_000_000)
        #expect(attackerAdmitted == 10 + 59)
        #expect(honestAdmitted == 20)
        #expect(table.capacity == capacity)
    }
}
