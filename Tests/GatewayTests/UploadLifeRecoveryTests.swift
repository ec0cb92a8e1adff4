import Gateway
import Testing

@Suite struct UploadLifeRecoveryTests {
    private typealias Phase = UploadLife.RecoveryPhase
    private typealias Answer = UploadLife.StoreAnswer
    private typealias Step = UploadLife.RecoveryStep

    @Test func `each state starts where its rule begins`() {
        let first: [(UploadLife.State, Step, Step)] = [
            (.opening, .send(.listing), .send(.aborting)), (.streaming, .send(.listing), .send(.aborting)),
            (.completing, .send(.givingUpListing), .send(.completing)), (.stored, .settled, .settled),
            (.expiring, .send(.deleting), .send(.deleting)), (.aborting, .send(.listing), .send(.aborting)),
            (.gone, .settled, .settled),
        ]
        #expect(first.count == UploadLife.State.allCases.count)
        for (state, withoutID, withID) in first {
            #expect(UploadLife.recovery(of: state, knowsUploadID: false) == withoutID)
            #expect(UploadLife.recovery(of: state, knowsUploadID: true) == withID)
            #expect(state.isSettled == (withID == .settled))
        }
    }

    /// The whole table; a pair that is not in it is asked again later.
    private static let table: [(Phase, Answer, Step)] = [
        (.completing, .done, .write(.stored)), (.completing, .noSuchUpload, .send(.confirming)),
        (.completing, .refused, .send(.givingUp)),
        (.confirming, .foundOurs, .write(.stored)), (.confirming, .foundOther, .send(.givingUp)),
        (.confirming, .notFound, .send(.givingUp)),
        (.givingUp, .done, .send(.deciding)), (.givingUp, .noSuchUpload, .send(.deciding)),
        (.givingUpListing, .listedNone, .send(.settlingPut)), (.givingUpListing, .listedSome, .send(.givingUpListed)),
        (.givingUpListed, .done, .send(.givingUpListing)), (.givingUpListed, .noSuchUpload, .send(.givingUpListing)),
        (.deciding, .foundOurs, .write(.stored)), (.deciding, .foundOther, .send(.listingRest)),
        (.deciding, .notFound, .send(.listingRest)),
        (.aborting, .done, .send(.listingRest)), (.aborting, .noSuchUpload, .send(.listingDenied)),
        (.listingDenied, .listedNone, .send(.deleting)), (.listingDenied, .listedSome, .send(.abortingDenied)),
        (.abortingDenied, .done, .send(.listingDenied)), (.abortingDenied, .noSuchUpload, .send(.listingDenied)),
        (.listingRest, .listedNone, .write(.gone)), (.listingRest, .listedSome, .send(.abortingRest)),
        (.abortingRest, .done, .send(.listingRest)), (.abortingRest, .noSuchUpload, .send(.listingRest)),
        (.listing, .listedNone, .send(.deleting)), (.listing, .listedSome, .send(.abortingListed)),
        (.abortingListed, .done, .send(.listing)), (.abortingListed, .noSuchUpload, .send(.listing)),
        (.deleting, .done, .write(.gone)), (.deleting, .notFound, .write(.gone)),
        (.settlingPut, .foundOurs, .write(.stored)), (.settlingPut, .foundOther, .recheckLater(.settlingPutAgain)),
        (.settlingPut, .notFound, .recheckLater(.settlingPutAgain)),
        (.settlingPutAgain, .foundOurs, .write(.stored)), (.settlingPutAgain, .foundOther, .write(.gone)),
        (.settlingPutAgain, .notFound, .write(.gone)),
        (.takingBackListing, .listedNone, .send(.takingPutBack)),
        (.takingBackListing, .listedSome, .send(.takingBackListed)),
        (.takingBackListed, .done, .send(.takingBackListing)),
        (.takingBackListed, .noSuchUpload, .send(.takingBackListing)),
        (.takingPutBack, .foundOurs, .send(.deletingPut)),
        (.takingPutBack, .foundOther, .recheckLater(.takingPutBackAgain)),
        (.takingPutBack, .notFound, .recheckLater(.takingPutBackAgain)),
        (.deletingPut, .done, .send(.takingPutBack)), (.deletingPut, .notFound, .send(.takingPutBack)),
        (.takingPutBackAgain, .foundOurs, .send(.deletingPut)), (.takingPutBackAgain, .foundOther, .write(.gone)),
        (.takingPutBackAgain, .notFound, .write(.gone)),
    ]

    @Test func `a PutObject that was sent whole is looked for twice`() {
        #expect(UploadLife.recovery(of: .aborting, knowsUploadID: false, knowsSize: true) == .send(.takingBackListing))
        // An upload in parts that has gone through `completing` has its id.
        #expect(UploadLife.recovery(of: .aborting, knowsUploadID: true, knowsSize: true) == .send(.aborting))
        #expect(UploadLife.recovery(of: .completing, knowsUploadID: false, knowsSize: true) == .send(.givingUpListing))
        #expect(UploadLife.recovery(of: .completing, knowsUploadID: true, knowsSize: true) == .send(.completing))
    }

    @Test func `every pair of phase and answer has its step`() {
        for phase in Phase.allCases {
            for answer in Answer.allCases {
                let row = Self.table.first { $0.0 == phase && $0.1 == answer }
                #expect(UploadLife.recovery(phase, answered: answer) == row?.2 ?? .retryLater(phase))
            }
        }
    }

    @Test func `what is not known is never written or deleted`() {
        for phase in Phase.allCases {
            #expect(UploadLife.recovery(phase, answered: .unknown) == .retryLater(phase))
        }
    }

    @Test func `giving up on Complete goes by way of Abort, and on others of the key leaves them`() {
        for phase in Phase.allCases {
            let expected: UploadLife.RecoveryStep =
                switch phase {
                case .completing, .confirming: .send(.givingUp)
                case .listingRest, .abortingRest: .write(.gone)
                case .listingDenied, .abortingDenied: .send(.deleting)
                default: .retryLater(phase)
                }
            #expect(UploadLife.givingUp(phase) == expected)
        }
    }

    @Test func `what recovery writes may follow the state it recovers`() {
        for state in UploadLife.State.allCases {
            for (knowsUploadID, knowsSize) in [(true, true), (true, false), (false, true), (false, false)] {
                guard
                    case .send(let first) = UploadLife.recovery(
                        of: state, knowsUploadID: knowsUploadID, knowsSize: knowsSize)
                else { continue }
                for written in reachableWrites(from: first) { #expect(state.mayBecome(written), "\(state) \(written)") }
            }
        }
    }

    private func reachableWrites(from first: Phase) -> Set<UploadLife.State> {
        var writes: Set<UploadLife.State> = []
        var seen: [Phase] = []
        var waiting = [first]
        while let phase = waiting.popLast() {
            guard !seen.contains(phase) else { continue }
            seen.append(phase)
            let steps = Answer.allCases.map { UploadLife.recovery(phase, answered: $0) } + [UploadLife.givingUp(phase)]
            for step in steps {
                switch step {
                case .send(let next), .recheckLater(let next): waiting.append(next)
                case .write(let state): writes.insert(state)
                case .retryLater, .settled: break
                }
            }
        }
        return writes
    }

    @Test(arguments: [true, false])
    func `in every world that a crash can leave, recovery ends with record and store agreeing`(isIDKnown: Bool) {
        var ends = 0
        for world in UploadLifeWorld.afterCrash(knowsUploadID: isIDKnown) {
            ends += UploadLifeWorld.explore(from: world) { state, end in
                switch state {
                // The other upload, where there is one, is the sender's to look for, or the sweep's.
                case .stored: #expect(end.object == .ours, "stored without an object: \(world)")
                case .gone:
                    let isClean = end.object != .ours && !end.isUploadOpen && !end.isOtherOpen
                    #expect(isClean, "something was left: \(world) \(end)")
                    #expect(end.object == world.object || world.object == .ours, "another's object was deleted")
                default: #expect(Bool(false), "recovery wrote \(state)")
                }
            }
        }
        #expect(ends > 20)
    }
}
