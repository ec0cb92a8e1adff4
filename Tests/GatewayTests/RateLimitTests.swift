import Testing

@testable import Gateway

struct RateLimitTests {
    private func refused(_ seconds: Int) -> RateVerdict { .refused(retryAfterSeconds: seconds) }

    /// How many of `count` tries at one moment are admitted.
    private func admitted(_ count: Int, _ rate: inout GlobalRate, at now: Int64) -> Int {
        (0 ..< count).count { _ in rate.admit(nowMicroseconds: now) == .admitted }
    }

    @Test func `admits exactly the burst at once`() {
        for burst in [1, 2, 5, 1_000] {
            var rate = GlobalRate(RateLimit(ratePerSecond: 10, burst: burst))
            #expect(admitted(burst + 10, &rate, at: 7_000_000) == burst)
        }
    }

    @Test func `a token comes back after exactly its interval`() {
        var rate = GlobalRate(RateLimit(ratePerSecond: 3, burst: 5))
        #expect(admitted(9, &rate, at: 0) == 5)
        #expect(rate.admit(nowMicroseconds: 333_333) == refused(1))
        #expect(rate.admit(nowMicroseconds: 333_334) == .admitted)
        #expect(rate.admit(nowMicroseconds: 333_334) == refused(1))
        // A refusal costs nothing: what comes after a rest is the whole burst, and no more.
        #expect(admitted(9, &rate, at: 2_000_001) == 5)
        #expect(admitted(9, &rate, at: 900_000_000) == 5)
    }

    @Test func `an interval is rounded up, so that no rate is above what was asked for`() {
        #expect(RateLimit(ratePerSecond: 3, burst: 1).intervalNanoseconds == 333_333_334)
        #expect(RateLimit(ratePerMinute: 7, burst: 2).spanNanoseconds == 2 * 8_571_428_572)
        #expect(RateLimit(ratePerSecond: 10, burst: 1).intervalNanoseconds == 100_000_000)
    }

    @Test func `counts by the minute`() {
        var rate = GlobalRate(RateLimit(ratePerMinute: 1, burst: 1))
        #expect(rate.admit(nowMicroseconds: 0) == .admitted)
        #expect(rate.admit(nowMicroseconds: 0) == refused(60))
        #expect(rate.admit(nowMicroseconds: 1) == refused(60))
        #expect(rate.admit(nowMicroseconds: 1_000_000) == refused(59))
        #expect(rate.admit(nowMicroseconds: 59_999_999) == refused(1))
        #expect(rate.admit(nowMicroseconds: 60_000_000) == .admitted)
    }

    @Test func `over time no more is admitted than burst and rate allow, and no less`() {
        var rate = GlobalRate(RateLimit(ratePerSecond: 10, burst: 20))
        let admitted = (0 ..< 100_000).count { rate.admit(nowMicroseconds: $0 * 1_000) == .admitted }
        #expect(admitted == 20 + 999)
    }

    @Test func `who waits as long as it was told is admitted`() throws {
        var random = SplitMix64(state: 5)
        for perMinute in [1, 7, 59, 60, 61, 6_000] {
            for burst in [1, 3, 50] {
                var rate = GlobalRate(RateLimit(ratePerMinute: perMinute, burst: burst))
                var now: Int64 = 0
                for _ in 0 ..< 300 {
                    now += Int64.random(in: 0 ... 2_000_000, using: &random)
                    guard case .refused(let seconds) = rate.admit(nowMicroseconds: now) else { continue }
                    #expect(seconds >= 1)
                    var early = rate
                    if seconds > 1 {
                        let sooner = early.admit(nowMicroseconds: now + Int64(seconds - 1) * 1_000_000)
                        #expect(sooner == refused(1))
                    }
                    now += Int64(seconds) * 1_000_000
                    let verdict = rate.admit(nowMicroseconds: now)
                    try #require(verdict == .admitted)
                }
            }
        }
    }

    @Test func `a clock that goes backwards locks nobody out`() {
        var rate = GlobalRate(RateLimit(ratePerSecond: 1, burst: 3))
        #expect(admitted(9, &rate, at: 1_000_000_000_000) == 3)
        #expect(rate.admit(nowMicroseconds: 5_000_000) == refused(1))
        #expect(rate.admit(nowMicroseconds: 6_000_000) == .admitted)
        #expect(admitted(9, &rate, at: 20_000_000) == 3)
    }

    @Test func `any time, rate and burst has an answer`() {
        let numbers = [Int.min, -1, 0, 1, 2, 60, 1_000_000, 1_000_000_001, Int.max]
        let times: [Int64] = [.min, -1, 0, 1, 1 << 50, 1 << 51, (1 << 51) + 1, .max - 1, .max]
        let walk = times + times.reversed() + [3, .max, 0]
        for rate in numbers {
            for burst in numbers {
                for limit in [
                    RateLimit(ratePerSecond: rate, burst: burst), RateLimit(ratePerMinute: rate, burst: burst),
                ] {
                    var rate = GlobalRate(limit)
                    for now in walk {
                        if case .refused(let seconds) = rate.admit(nowMicroseconds: now) {
                            #expect(1 ... 60 ~= seconds)
                        }
                    }
                }
            }
        }
    }
}
