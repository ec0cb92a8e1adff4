import Gateway
import Images
import Testing
import Tokens

struct UploadExchangeTests {
    private let policy = UploadPolicy(uploadBytesMax: 1_000_000, partBytes: 400_000)

    private func plan(declared: UInt64?, continues: Bool = false) -> UploadPlan {
        UploadPlan(
            key: ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .jpeg),
            claims: TokenClaims(subject: "1", role: .user, expiresAt: 9), type: .jpeg, declaredBytes: declared,
            filename: nil, host: "h", recordToken: "r", expectsContinue: continues)
    }

    private func jpeg(_ count: Int) -> [UInt8] { [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0, count: count - 3) }

    @Test func `a small upload walks from its first byte to its 201`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 100, continues: true), policy: policy, into: &effects)
        #expect(effects == [.sendContinue])
        effects = []
        let kept = exchange.receive(jpeg(100).span, into: &effects)
        #expect(kept)
        #expect(effects == [.startOpenTimer(milliseconds: 200)])
        effects = []
        exchange.bodyEnded(into: &effects)
        #expect(effects == [.journal(.opening)])
        effects = []
        exchange.openingCommitted(imageID: 5, into: &effects)
        #expect(effects == [.create])
        effects = []
        exchange.storeCreated(uploadID: "up", into: &effects)
        #expect(
            effects == [
                .journal(.uploadID("up")), .journal(.completing(fileBytes: 100)),
                .openPart(number: 1, length: 100, route: .window),
            ])
        effects = []
        exchange.storePartStored(PartReceipt(number: 1, entityTag: "\"e\"", bytes: 1), into: &effects)
        #expect(effects.isEmpty)
        exchange.completingDurable(into: &effects)
        #expect(effects == [.complete(parts: [PartReceipt(number: 1, entityTag: "\"e\"", bytes: 1)])])
        effects = []
        exchange.storeCompleted(into: &effects)
        #expect(effects == [.journal(.stored), .reply(.created(imageID: 5, fileBytes: 100)), .end])
    }

    @Test func `a large declared body opens its part before it is whole`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 300_000), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(70_000).span, into: &effects)
        #expect(effects == [.journal(.opening)])
        effects = []
        exchange.openingCommitted(imageID: 5, into: &effects)
        exchange.storeCreated(uploadID: "up", into: &effects)
        #expect(effects.last == .openPart(number: 1, length: 300_000, route: .window))
    }

    @Test func `a body of unknown length goes to the spool and its parts are sent when they are whole`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: nil), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(500_000).span, into: &effects)
        #expect(effects == [.openSpool, .journal(.opening)])
        effects = []
        exchange.openingCommitted(imageID: 5, into: &effects)
        exchange.storeCreated(uploadID: "up", into: &effects)
        #expect(effects.last == .openPart(number: 1, length: 400_000, route: .spool))
        effects = []
        exchange.storePartStored(PartReceipt(number: 1, entityTag: "a", bytes: 1), into: &effects)
        #expect(effects.isEmpty)
        exchange.bodyEnded(into: &effects)
        #expect(
            effects == [
                .journal(.completing(fileBytes: 500_000)), .openPart(number: 2, length: 100_000, route: .spool),
            ])
    }

    @Test func `the byte over the cap is refused and what was begun is undone`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: nil), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(1_000_000).span, into: &effects)
        exchange.openingCommitted(imageID: 5, into: &effects)
        effects = []
        let kept = exchange.receive([0].span, into: &effects)
        #expect(!kept)
        #expect(effects == [.reply(.refused(.fileTooLarge)), .journal(.aborting), .abort])
        effects = []
        exchange.storeAborted(isCertain: true, into: &effects)
        #expect(effects == [.journal(.gone), .end])
    }

    @Test func `wrong first bytes and an empty body ask nothing of store or journal`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 9), policy: policy, into: &effects)
        _ = exchange.receive([0xFF, 0xD9].span, into: &effects)
        #expect(effects == [.reply(.refused(.invalidFileSignature)), .end])
        effects = []
        var empty = UploadExchange(plan: plan(declared: 0), policy: policy, into: &effects)
        empty.bodyEnded(into: &effects)
        #expect(effects == [.reply(.refused(.invalidFileSignature)), .end])
    }

    @Test func `a trickle opens nothing until it is fast enough`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 900), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(10).span, into: &effects)
        effects = []
        exchange.openDelayPassed(arrivesFastEnough: false, into: &effects)
        #expect(effects == [.startOpenTimer(milliseconds: 200)])
        effects = []
        exchange.openDelayPassed(arrivesFastEnough: true, into: &effects)
        #expect(effects == [.journal(.opening)])
    }

    @Test func `a lost answer to Complete leaves the record to recovery`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 10), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(10).span, into: &effects)
        exchange.bodyEnded(into: &effects)
        exchange.openingCommitted(imageID: 5, into: &effects)
        exchange.storeCreated(uploadID: "up", into: &effects)
        exchange.completingDurable(into: &effects)
        exchange.storePartStored(PartReceipt(number: 1, entityTag: "e", bytes: 1), into: &effects)
        effects = []
        exchange.storeFailed(outcomeUnknown: true, into: &effects)
        #expect(effects == [.reply(.refused(.storeUnavailable)), .abort])
        effects = []
        exchange.storeAborted(isCertain: true, into: &effects)
        #expect(effects == [.end])
    }

    @Test func `a Create that failed for good is taken back, so that the store lets go of it`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 10), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(10).span, into: &effects)
        exchange.bodyEnded(into: &effects)
        exchange.openingCommitted(imageID: 5, into: &effects)
        effects = []
        exchange.storeFailed(outcomeUnknown: false, into: &effects)
        #expect(effects == [.reply(.refused(.storeUnavailable)), .abort])
        effects = []
        exchange.storeAborted(isCertain: true, into: &effects)
        #expect(effects == [.journal(.gone), .end])
    }

    @Test func `a client that vanishes after its whole body keeps its object`() {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan(declared: 10), policy: policy, into: &effects)
        _ = exchange.receive(jpeg(10).span, into: &effects)
        exchange.bodyEnded(into: &effects)
        exchange.clientLost(into: &effects)
        exchange.openingCommitted(imageID: 5, into: &effects)
        exchange.storeCreated(uploadID: "up", into: &effects)
        exchange.completingDurable(into: &effects)
        exchange.storePartStored(PartReceipt(number: 1, entityTag: "e", bytes: 1), into: &effects)
        effects = []
        exchange.storeCompleted(into: &effects)
        #expect(effects == [.journal(.stored), .end])
    }

    @Test func `every invariant holds over twenty thousand worlds`() {
        var created = 0
        var refused = 0
        var (short, held, long, whole) = (0, 0, 0, 0)
        var replayed = 0
        for seed in UInt64(0) ..< 20_000 {
            var simulation = UploadSimulation(seed: seed)
            simulation.run()
            if !simulation.violations.isEmpty {
                let trace = simulation.trace.joined(separator: "\n")
                Issue.record("seed \(seed): \(simulation.violations)\n\(trace)")
                return
            }
            switch simulation.answer {
            case .created:
                created += 1
                if simulation.beganWhole { whole += 1 }
                switch simulation.put {
                case nil: break
                case let bytes? where bytes <= UploadSimulation.withheldBytes: short += 1
                case let bytes? where bytes <= UploadSimulation.heldBytesMax: held += 1
                case .some: long += 1
                }
            case .replayed: replayed += 1
            case .refused: refused += 1
            case nil: break
            }
        }
        // A world in which nothing ever succeeds, or nothing ever fails, would prove nothing.
        #expect(created > 2_000)
        #expect(min(short, held) > 20)
        #expect(whole > 50)
        #expect(long > 200)
        #expect(replayed > 200)
        #expect(refused > 2_000)
    }
}
