import Gateway
import Images
import Testing
import Tokens

/// PutObjects whose body is whole before anything is asked for: one write has the row and `completing`.
struct UploadWholeTests {
    private func exchange(
        declared: UInt64?, strategy: UploadPolicy.Strategy = .put, key: String? = nil, partBytes: UInt64 = 400_000,
        openBytes: UInt64 = 64 * 1_024
    ) -> UploadExchange {
        var effects: [UploadEffect] = []
        var policy = UploadPolicy(uploadBytesMax: 1_000_000, partBytes: partBytes)
        policy.strategy = strategy
        policy.openBytes = openBytes
        let plan = UploadPlan(
            key: ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .jpeg),
            claims: TokenClaims(subject: "1", role: .user, expiresAt: 9), type: .jpeg, declaredBytes: declared,
            filename: nil, host: "h", recordToken: "r", expectsContinue: false, idempotencyKey: key)
        return UploadExchange(plan: plan, policy: policy, into: &effects)
    }

    private func jpeg(_ count: Int) -> [UInt8] { [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0, count: count - 3) }

    /// What the end of a body asks for that nothing was asked for before.
    private func asked(_ exchange: inout UploadExchange, bytes: Int) -> [UploadEffect] {
        var effects: [UploadEffect] = []
        _ = exchange.receive(jpeg(bytes).span, into: &effects)
        effects = []
        exchange.bodyEnded(into: &effects)
        return effects
    }

    @Test func `it walks from its first byte to its 201 with two writes and one request`() {
        var exchange = exchange(declared: 100)
        #expect(asked(&exchange, bytes: 100) == [.journal(.whole(fileBytes: 100))])
        var effects: [UploadEffect] = []
        exchange.openDelayPassed(arrivesFastEnough: true, into: &effects)
        exchange.completingDurable(into: &effects)
        exchange.storeCompleted(into: &effects)
        #expect(effects.isEmpty)
        exchange.openingCommitted(imageID: 5, into: &effects)
        #expect(effects == [.release, .put(length: 100)])
        effects = []
        exchange.openingCommitted(imageID: 6, into: &effects)
        exchange.completingDurable(into: &effects)
        exchange.journalFailed(into: &effects)
        #expect(effects.isEmpty)
        exchange.storeCompleted(into: &effects)
        #expect(effects == [.journal(.stored), .reply(.created(imageID: 5, fileBytes: 100)), .end])
    }

    @Test func `every PutObject that is held whole begins so, and no other upload`() {
        let whole = [UploadEffect.journal(.whole(fileBytes: 60_000))]
        for strategy in [UploadPolicy.Strategy.put, .auto] {
            var held = exchange(declared: 60_000, strategy: strategy)
            #expect(asked(&held, bytes: 60_000) == whole)
            // Its key may be another upload's.
            var keyed = exchange(declared: 60_000, strategy: strategy, key: "k")
            #expect(asked(&keyed, bytes: 60_000) == [.journal(.opening)])
            var chunked = exchange(declared: nil, strategy: strategy)
            #expect(asked(&chunked, bytes: 60_000) == [.openSpool, .journal(.opening)])
            // The store has some of it before `completing` is durable.
            var long = exchange(declared: 70_000, strategy: strategy, openBytes: 1_000_000)
            #expect(asked(&long, bytes: 70_000) == [.journal(.opening)])
        }
        var parts = exchange(declared: 60_000, strategy: .multipart)
        #expect(asked(&parts, bytes: 60_000) == [.journal(.opening)])
        var several = exchange(declared: 60_000, strategy: .auto, partBytes: 50_000)
        #expect(asked(&several, bytes: 60_000) == [.openSpool, .journal(.opening)])
    }

    @Test func `one that was opened while its body came goes on by completing`() {
        var effects: [UploadEffect] = []
        var exchange = exchange(declared: 100)
        _ = exchange.receive(jpeg(100).span, into: &effects)
        effects = []
        exchange.openDelayPassed(arrivesFastEnough: true, into: &effects)
        exchange.bodyEnded(into: &effects)
        #expect(effects == [.journal(.opening)])
        effects = []
        exchange.openingCommitted(imageID: 5, into: &effects)
        #expect(effects == [.journal(.completing(fileBytes: 100))])
        effects = []
        exchange.completingDurable(into: &effects)
        #expect(effects == [.release, .put(length: 100)])
    }

    @Test func `whoever is refused or gone while it is written has asked nothing of the store`() {
        var late = exchange(declared: 100)
        _ = asked(&late, bytes: 100)
        var effects: [UploadEffect] = []
        late.cancel(.requestTimeout, into: &effects)
        #expect(effects == [.reply(.refused(.requestTimeout))])
        effects = []
        late.openingCommitted(imageID: 5, into: &effects)
        #expect(effects == [.journal(.gone), .end])

        var failed = exchange(declared: 100)
        _ = asked(&failed, bytes: 100)
        effects = []
        failed.journalFailed(into: &effects)
        #expect(effects == [.reply(.refused(.storeUnavailable)), .end])

        // After the whole body that changes nothing but the reply.
        var lost = exchange(declared: 100)
        _ = asked(&lost, bytes: 100)
        effects = []
        lost.clientLost(into: &effects)
        lost.openingCommitted(imageID: 5, into: &effects)
        #expect(effects == [.release, .put(length: 100)])
        effects = []
        lost.storeCompleted(into: &effects)
        #expect(effects == [.journal(.stored), .end])
    }

    @Test func `an empty body and one of a wrong type ask for no row`() {
        for bytes in [[], [0xFF, 0xD9]] as [[UInt8]] {
            var effects: [UploadEffect] = []
            var exchange = exchange(declared: UInt64(bytes.count))
            _ = exchange.receive(bytes.span, into: &effects)
            exchange.bodyEnded(into: &effects)
            #expect(effects == [.reply(.refused(.invalidFileSignature)), .end])
        }
    }
}
