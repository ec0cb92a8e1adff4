import Gateway
import Testing

@Suite struct UploadLifeTests {
    private typealias State = UploadLife.State

    @Test func `the raw values in the database never change`() {
        #expect(State.allCases.map(\.rawValue)
            == ["opening", "streaming", "completing", "stored", "expiring", "aborting", "gone"])
    }

    @Test func `these transitions are legal and no others`() {
        let legal = [
            "opening streaming", "opening completing", "opening aborting", "opening gone", "streaming completing",
            "streaming aborting", "streaming gone", "completing stored", "completing aborting", "completing gone",
            "stored expiring", "expiring gone", "aborting gone",
        ]
        var found: [String] = []
        for state in State.allCases {
            for next in State.allCases where state.mayBecome(next) {
                found.append("\(state) \(next)")
                #expect(next.predecessors.contains(state))
            }
        }
        #expect(found.sorted() == legal.sorted())
    }

    @Test func `a row begins with no more than what its body lets it say, and as durable as that ever is`() {
        #expect(UploadLife.beginnings == [.opening, .completing])
        #expect(State.completing.durability == .machine)
        #expect(UploadLife.beginnings.allSatisfy { $0.mayBecome(.gone) })
        // Nothing was sent, or a PutObject: it is looked for, and again when none can be at work any more.
        #expect(
            UploadLife.recovery(of: .completing, knowsUploadID: false, knowsSize: true) == .send(.givingUpListing))
    }

    @Test func `every state but the first has a way in, every one but the last a way out`() {
        for state in State.allCases {
            #expect(state.predecessors.isEmpty == (state == .opening))
            #expect(state.successors.isEmpty == (state == .gone))
        }
    }

    @Test func `a write is at least as durable as every action behind it asks`() {
        func rank(_ durability: UploadLife.Durability) -> Int {
            switch durability {
            case .lazy: 0
            case .process: 1
            case .machine: 2
            }
        }
        for action in UploadLife.Action.allCases {
            guard let barrier = UploadLife.barrier(before: action) else { continue }
            #expect(rank(barrier.state.durability) >= rank(barrier.durability), "\(action)")
        }
        #expect(UploadLife.barrier(before: .create) == UploadLife.Barrier(state: .opening, durability: .process))
        #expect(UploadLife.barrier(before: .complete) == UploadLife.Barrier(state: .completing, durability: .machine))
        #expect(UploadLife.barrier(before: .reply201) == UploadLife.barrier(before: .complete))
        #expect(UploadLife.barrier(before: .finishPut) == UploadLife.barrier(before: .complete))
        let withdrawn = UploadLife.Barrier(state: .aborting, durability: .process)
        #expect(UploadLife.barrier(before: .deleteAborted) == withdrawn)
        #expect(UploadLife.barrier(before: .abort) == nil)
    }
}
