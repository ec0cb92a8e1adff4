@testable import AWS
import Tokens
import Testing

struct SecretWalkTests {
    /// A driver that does what the effects say, in a world that answers, fails and rotates at random.
    @Test(arguments: 1 ... 40) func `holds its promises whatever happens in whatever order`(seed: UInt64) throws {
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        let values = try ["A", "B", "C"].map { try TokenSecret([UInt8]($0.utf8)) }
        var state = SecretState(policy: SecretPolicy())
        var now: Int64 = 1_000_000
        var isFetching = false
        var timer: Int64?
        var snapshot: SecretSnapshot?
        var lastSeen: Int64?
        var earlyFetches: [Int64] = []
        var generation: UInt64 = 0
        var isStarted = false

        for _ in 0 ..< 3_000 {
            var event: SecretEvent?
            switch next(9) {
            case 0: event = .badSignature
            case 8: event = .credentialsChanged
            case 1 ... 3 where isFetching:
                event = next(3) == 0
                    ? .fetchFailed(SecretFailure(.service, "x")) : .fetched(values[Int(next(3))])
            case 4: now += Int64(next(4_000_000))
            case 5 where !isStarted:
                event = .started
                isStarted = true
            default: now += Int64(next(20_000))
            }
            if event == nil, let due = timer, due <= now {
                timer = nil
                event = .timerFired
            }
            guard let event else { continue }
            switch event {
            case .fetched: (isFetching, lastSeen) = (false, now)
            case .fetchFailed: isFetching = false
            case .started, .timerFired, .badSignature, .credentialsChanged: break
            }
            for effect in state.handle(event, at: now, random: next(.max)) {
                switch effect {
                case .fetch:
                    #expect(!isFetching, "two fetches at once")
                    isFetching = true
                    if case .badSignature = event { earlyFetches.append(now) }
                case .schedule(let delay):
                    #expect(delay >= 0)
                    timer = now + delay
                case .publish(let new):
                    if let new {
                        #expect(new.generation > generation)
                        generation = new.generation
                        #expect(new.previous != new.current)
                        #expect(new.previous == nil || new.previousUntil > now)
                    }
                    snapshot = new
                case .report: break
                }
            }
            #expect(!isStarted || isFetching || timer != nil, "nothing will ever happen again")
            if case .timerFired = event, snapshot != nil, let lastSeen { #expect(now - lastSeen < 43_200_000) }
            if case .timerFired = event, snapshot?.previous != nil { #expect((snapshot?.previousUntil ?? 0) > now) }
        }
        for (one, two) in zip(earlyFetches, earlyFetches.dropFirst()) { #expect(two - one >= 30_000) }
        #expect(generation > 0)
    }
}
