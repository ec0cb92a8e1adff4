import Gateway
import Recovery
import Testing

@Suite struct RecoveryStateTests {
    private typealias Phase = UploadLife.RecoveryPhase

    private static func row(
        _ id: Int64, _ state: UploadLife.State, uploadID: String? = "u", size: Int64? = nil, instance: String? = "dead"
    ) -> RecoveryRow {
        RecoveryRow(
            imageID: id, key: "k\(id)", recordToken: "t\(id)", uploadID: uploadID, size: size, state: state,
            instance: instance)
    }

    private func limits(_ change: (inout RecoveryLimits) -> Void = { _ in }) -> RecoveryLimits {
        var limits = RecoveryLimits()
        change(&limits)
        return limits
    }

    private static func longest(_ most: Int64) -> Int64 { most }

    private func adopts(_ state: inout RecoveryState, _ row: RecoveryRow) -> Bool { state.adopt(row) }

    /// All commands that may be given now.
    private func all(_ state: inout RecoveryState, now: Int64 = 0, mayAsk: Bool = true) -> [RecoveryState.Command] {
        var found: [RecoveryState.Command] = []
        while let command = state.next(now: now, mayAsk: mayAsk) { found.append(command) }
        return found
    }

    /// What each kind of row is asked for first.
    @Test(arguments: [
        (UploadLife.State.opening, String?.none, Int64?.none, Phase.listing), (.opening, "u", nil, .aborting),
        (.streaming, "u", nil, .aborting), (.completing, "u", 5, .completing), (.completing, nil, 5, .givingUpListing),
        (.aborting, "u", nil, .aborting), (.aborting, nil, nil, .listing), (.aborting, nil, 5, .takingBackListing),
        (.expiring, nil, 5, .deleting),
    ])
    func `begins each row where its rule says`(
        state: UploadLife.State, uploadID: String?, size: Int64?, phase: UploadLife.RecoveryPhase
    ) {
        var recovery = RecoveryState()
        let row = Self.row(1, state, uploadID: uploadID, size: size)
        #expect(adopts(&recovery, row))
        #expect(all(&recovery) == [.ask(phase, row)])
        #expect(!recovery.isQuiet)
    }

    /// For every phase that a walk can come to, every answer leads where UploadLife says, and nowhere else.
    @Test func `follows the rules of UploadLife from every row through every answer`() {
        let rows = [
            Self.row(1, .opening, uploadID: nil), Self.row(1, .streaming), Self.row(1, .completing, size: 5),
            Self.row(1, .completing, uploadID: nil, size: 5), Self.row(1, .aborting, uploadID: nil, size: 5),
            Self.row(1, .expiring, uploadID: nil, size: 5),
        ]
        var seen: Set<String> = []
        for row in rows {
            var fresh = RecoveryState()
            fresh.adopt(row)
            var waiting = [(fresh, Int64(0))]
            while var (state, now) = waiting.popLast() {
                guard case .ask(let phase, _)? = state.next(now: now) else { continue }
                guard seen.insert("\(row.state) \(row.uploadID ?? "") \(phase)").inserted else { continue }
                for answer in UploadLife.StoreAnswer.allCases {
                    var after = state
                    let isKept = after.answered(1, answer, now: now, random: Self.longest)
                    let step = UploadLife.recovery(phase, answered: answer)
                    switch step {
                    case .send(let next):
                        #expect(!isKept)
                        var copy = after
                        #expect(copy.next(now: now) == .ask(next, row))
                    case .write(let written):
                        #expect(after.next(now: now) == .write(written, row))
                        let settlement = after.written(1, .committed, now: now, random: Self.longest)
                        let fate: RecoveryState.Fate =
                            written == .stored ? .stored : row.state == .expiring ? .expired : .aborted
                        #expect(settlement == RecoveryState.Settlement(row: row, fate: fate))
                        #expect(after.count == 0 && after.isQuiet && after.count(of: "dead") == 0)
                        continue
                    case .retryLater(let same):
                        #expect(isKept && after.isQuiet && after.keptCount == 1)
                        #expect(after.next(now: now) == nil)
                        now = after.nextWake(now: now) ?? now
                        var copy = after
                        #expect(copy.next(now: now) == .ask(same, row))
                    case .recheckLater(let later):
                        #expect(isKept && after.isQuiet)
                        let due = now + UploadLife.putMillisecondsMax
                        #expect(after.nextWake(now: now) == due)
                        #expect(after.next(now: due - 1) == nil)
                        now = due
                        var copy = after
                        #expect(copy.next(now: now) == .ask(later, row))
                    case .settled: Issue.record("no answer settles a row without a write")
                    }
                    waiting.append((after, now))
                }
            }
        }
        #expect(seen.count >= UploadLife.RecoveryPhase.allCases.count)
    }

    @Test func `Complete that is never answered ends in taking the upload back`() {
        var state = RecoveryState(limits: limits { $0.patienceAttemptsMax = 3 })
        let row = Self.row(1, .completing, size: 5)
        state.adopt(row)
        var now: Int64 = 0
        for _ in 0 ..< 3 {
            #expect(state.next(now: now) == .ask(.completing, row))
            state.answered(1, .unknown, now: now, random: Self.longest)
            now = state.nextWake(now: now) ?? 0
        }
        #expect(state.next(now: now) == .ask(.givingUp, row))
    }

    @Test func `an abort that is never answered is asked for again and again`() {
        var state = RecoveryState(limits: limits { $0.patienceAttemptsMax = 2 })
        let row = Self.row(1, .streaming)
        state.adopt(row)
        var now: Int64 = 0
        for _ in 0 ..< 50 {
            #expect(state.next(now: now) == .ask(.aborting, row))
            state.answered(1, .unknown, now: now, random: Self.longest)
            now = state.nextWake(now: now) ?? 0
        }
    }

    /// What holds up no row is only what else there may be of its key. Of an upload that the store denies a Complete
    /// may have won: its object is deleted whatever the list says.
    @Test(arguments: [
        (UploadLife.StoreAnswer.done, Phase.listingRest, false), (.noSuchUpload, .listingDenied, true),
    ])
    func `a list that is never given leaves what it would show to the sweep`(
        answer: UploadLife.StoreAnswer, phase: UploadLife.RecoveryPhase, deletes: Bool
    ) {
        var state = RecoveryState(limits: limits { $0.patienceAttemptsMax = 3 })
        let row = Self.row(1, .streaming)
        state.adopt(row)
        #expect(all(&state) == [.ask(.aborting, row)])
        state.answered(1, answer, now: 0, random: Self.longest)
        var now: Int64 = 0
        for _ in 0 ..< 3 {
            #expect(state.next(now: now) == .ask(phase, row))
            state.answered(1, .unknown, now: now, random: Self.longest)
            now = state.nextWake(now: now) ?? now
        }
        if deletes {
            #expect(state.next(now: now) == .ask(.deleting, row))
            state.answered(1, .notFound, now: now, random: Self.longest)
        }
        #expect(state.next(now: now) == .write(.gone, row))
        let settled = RecoveryState.Settlement(row: row, fate: .aborted, leavesOthers: true)
        #expect(state.written(1, .committed, now: now, random: Self.longest) == settled)
    }

    @Test func `others of the key that are listed for ever are left to the sweep`() {
        var state = RecoveryState(limits: limits { $0.stepsMax = 6 })
        let row = Self.row(1, .streaming)
        state.adopt(row)
        var asked: [Phase] = []
        while case .ask(let phase, _)? = state.next(now: 0), asked.count < 20 {
            asked.append(phase)
            let answer: UploadLife.StoreAnswer = phase == .listingRest ? .listedSome : .done
            state.answered(1, answer, now: 0, random: Self.longest)
        }
        #expect(asked.count == 7)
        #expect(asked.dropFirst().allSatisfy { $0 == .listingRest || $0 == .abortingRest })
        let settled = RecoveryState.Settlement(row: row, fate: .aborted, leavesOthers: true)
        #expect(state.written(1, .committed, now: 0, random: Self.longest) == settled)
    }

    /// As some stores do: an upload stays in the list that they say they do not know.
    @Test func `an upload that is listed for ever keeps nobody busy, and is settled once it is not`() throws {
        let limits = limits {
            $0.stepsMax = 6
            $0.retryBaseMilliseconds = 100
            $0.retryCapMilliseconds = 1_000
        }
        var state = RecoveryState(limits: limits)
        let row = Self.row(1, .opening, uploadID: nil)
        state.adopt(row)
        var now: Int64 = 0
        var asked: [Int64] = []
        while now < 60_000 {
            switch state.next(now: now) {
            case .ask(let phase, _)?:
                asked.append(now)
                let isGone = now > 50_000
                let answer: UploadLife.StoreAnswer =
                    phase != .listing ? .noSuchUpload : isGone ? .listedNone : .listedSome
                state.answered(1, phase == .deleting ? .done : answer, now: now, random: Self.longest)
            case .write(let written, _)?:
                #expect(written == .gone)
                #expect(state.written(1, .committed, now: now, random: Self.longest)?.fate == .aborted)
            case nil:
                guard let due = state.nextWake(now: now) else { return #expect(state.count == 0 && asked.count < 70) }
                try #require(state.isQuiet && state.kept() == [row])
                now = due
            }
        }
        #expect(state.count == 0)
    }

    @Test func `the pause doubles up to its bound and is random in full`() {
        let limits = limits {
            $0.retryBaseMilliseconds = 100
            $0.retryCapMilliseconds = 1_000
        }
        var state = RecoveryState(limits: limits)
        state.adopt(Self.row(1, .streaming))
        var asked: [Int64] = []
        var now: Int64 = 0
        for _ in 0 ..< 6 {
            #expect(state.next(now: now) != nil)
            state.answered(1, .unknown, now: now) { most in
                asked.append(most)
                return 0
            }
            #expect(state.nextWake(now: now) == now + 1)
            now += 1
        }
        #expect(asked == [100, 200, 400, 800, 1_000, 1_000])
    }

    @Test func `no more requests at once than allowed, and an answer makes room`() {
        var state = RecoveryState(limits: limits { $0.requestsAtOnceMax = 2 })
        for id in Int64(1) ... 3 { state.adopt(Self.row(id, .streaming)) }
        #expect(all(&state).count == 2)
        state.answered(1, .done, now: 0, random: Self.longest)
        // What goes on stands in line behind what waits.
        #expect(all(&state) == [.ask(.aborting, Self.row(3, .streaming))])
        state.answered(2, .unknown, now: 0, random: Self.longest)
        #expect(all(&state) == [.ask(.listingRest, Self.row(1, .streaming))])
        state.answered(1, .listedNone, now: 0, random: Self.longest)
        #expect(all(&state) == [.write(.gone, Self.row(1, .streaming))])
    }

    @Test func `no more requests a second than allowed`() {
        var state = RecoveryState(limits: limits {
            $0.requestsAtOnceMax = 1_000
            $0.requestsPerSecondMax = 10
        })
        for id in Int64(1) ... 100 { state.adopt(Self.row(id, .streaming)) }
        #expect(all(&state, now: 0).count == 10)
        #expect(state.nextWake(now: 0) != nil)
        #expect(all(&state, now: 99).count == 0)
        #expect(all(&state, now: 100).count == 1)
        #expect(all(&state, now: 1_100).count == 10)
        // A long rest saves no more than a second's worth.
        #expect(all(&state, now: 1_000_000).count == 10)
    }

    @Test func `writes go on while the store cannot be asked`() {
        var state = RecoveryState()
        let due = Self.row(2, .stored, uploadID: nil, size: 5, instance: nil)
        state.adopt(Self.row(1, .streaming))
        state.adopt(due)
        #expect(all(&state, mayAsk: false) == [.write(.expiring, due)])
        #expect(all(&state) == [.ask(.aborting, Self.row(1, .streaming))])
    }

    @Test func `an image is deleted only once its expiry is committed`() {
        var state = RecoveryState()
        let due = Self.row(1, .stored, uploadID: nil, size: 5, instance: nil)
        state.adopt(due)
        #expect(all(&state) == [.write(.expiring, due)])
        #expect(state.written(1, .committed, now: 0, random: Self.longest) == nil)
        #expect(all(&state) == [.ask(.deleting, due)])
        state.answered(1, .done, now: 0, random: Self.longest)
        #expect(all(&state) == [.write(.gone, due)])
        #expect(state.written(1, .committed, now: 0, random: Self.longest)
            == RecoveryState.Settlement(row: due, fate: .expired))
    }

    @Test func `an expiry that was lifted meanwhile asks nothing of the store`() {
        var state = RecoveryState()
        let due = Self.row(1, .stored, uploadID: nil, size: 5, instance: nil)
        state.adopt(due)
        _ = all(&state)
        #expect(state.written(1, .conflict, now: 0, random: Self.longest)
            == RecoveryState.Settlement(row: due, fate: .passedOver))
        #expect(all(&state).isEmpty && state.count == 0)
    }

    @Test func `a write that failed is tried again and nothing else is asked before`() {
        var state = RecoveryState()
        let row = Self.row(1, .streaming)
        state.adopt(row)
        _ = all(&state)
        state.answered(1, .done, now: 0, random: Self.longest)
        #expect(all(&state) == [.ask(.listingRest, row)])
        state.answered(1, .listedNone, now: 0, random: Self.longest)
        #expect(all(&state) == [.write(.gone, row)])
        #expect(state.written(1, .failed, now: 0, random: Self.longest) == nil)
        #expect(state.keptCount == 1 && state.isQuiet)
        let due = state.nextWake(now: 0) ?? 0
        #expect(all(&state, now: due - 1).isEmpty)
        #expect(all(&state, now: due) == [.write(.gone, row)])
    }

    @Test func `a row is taken in hand once, and not beyond the bound`() {
        var state = RecoveryState(limits: limits { $0.rowsMax = 4 })
        #expect(adopts(&state, Self.row(1, .streaming)))
        #expect(!adopts(&state, Self.row(1, .completing)))
        #expect(!adopts(&state, Self.row(2, .gone)))
        #expect(adopts(&state, Self.row(2, .aborting)))
        #expect(!adopts(&state, Self.row(3, .streaming)))
        #expect(state.count == 2 && state.count(of: "dead") == 2 && state.count(of: nil) == 0)
    }

    /// A store that deletes nothing fills one half, one that aborts nothing the other.
    @Test(arguments: RecoveryState.Kind.allCases)
    func `rows of one kind take no room of the other, and keep only their own looks from being over`(
        kind: RecoveryState.Kind
    ) {
        let instances: [RecoveryState.Kind: String?] = [.left: "dead", .due: nil]
        let other: RecoveryState.Kind = kind == .due ? .left : .due
        func row(_ id: Int64, _ kind: RecoveryState.Kind) -> RecoveryRow {
            Self.row(id, kind == .due ? .expiring : .streaming, size: 5, instance: instances[kind] ?? nil)
        }
        var state = RecoveryState(limits: limits { ($0.rowsMax, $0.pageRowsMax) = (6, 2) })
        #expect(state.hasRoom(for: kind) && state.hasRoom(for: other))
        for id: Int64 in 1 ... 3 { #expect(adopts(&state, row(id, kind))) }
        #expect(!adopts(&state, row(4, kind)))
        #expect(!state.hasRoom(for: kind) && state.hasRoom(for: other))
        #expect(!state.isQuiet(kind) && state.isQuiet(other) && !state.isQuiet)
        _ = all(&state)
        for id: Int64 in 1 ... 3 { state.answered(id, .unknown, now: 0, random: Self.longest) }
        #expect(state.isQuiet(kind) && state.keptCount(kind) == 3 && state.keptCount(other) == 0)
        #expect(adopts(&state, row(5, other)))
        #expect(state.isQuiet(kind) && !state.isQuiet(other) && state.count(kind) == 3 && state.count(other) == 1)
        for answer in [UploadLife.StoreAnswer.done] + (other == .left ? [.listedNone] : []) {
            _ = all(&state)
            state.answered(5, answer, now: 0, random: Self.longest)
        }
        _ = all(&state)
        _ = state.written(5, .committed, now: 0, random: Self.longest)
        #expect(state.count(other) == 0 && state.count == 3 && state.isQuiet)
    }

    @Test func `a row that has to wait is asked for then, and keeps the look from being over`() {
        var state = RecoveryState()
        state.adopt(Self.row(1, .opening, uploadID: nil), notBefore: 2_000)
        #expect(state.nextWake(now: 0) == 2_000)
        #expect(all(&state, now: 1_999).isEmpty && !state.isQuiet)
        #expect(all(&state, now: 2_000) == [.ask(.listing, Self.row(1, .opening, uploadID: nil))])
    }

    @Test func `answers to what is not in hand change nothing`() {
        var state = RecoveryState()
        #expect(state.written(7, .committed, now: 0, random: Self.longest) == nil)
        state.adopt(Self.row(1, .streaming))
        #expect(state.written(1, .committed, now: 0, random: Self.longest) == nil)
        #expect(state.count == 1)
    }
}
