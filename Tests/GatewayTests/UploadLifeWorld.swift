import Gateway

/// A store with one key, as recovery may find it after a crash: every order of its events is walked through.
struct UploadLifeWorld: Hashable {
    enum Object: Hashable {
        case none
        case ours
        case other
    }

    var state: UploadLife.State
    var knowsUploadID: Bool
    var isUploadOpen: Bool
    /// Create was sent twice: beside the upload that the record knows, or knew, another is open, without a part.
    var isOtherOpen = false
    var object: Object
    /// The Complete of the process that died still runs at the store, and may take effect at any moment.
    var isCompleteRunning: Bool
    /// So does its PutObject, which nothing can stop.
    var isPutRunning = false
    var knowsSize = false

    /// Every world that the barriers allow: Complete was sent only in `completing` (which may have become `aborting`
    /// while it ran), an object of ours is there only after it, and an upload only after Create.
    static func afterCrash(knowsUploadID: Bool) -> [UploadLifeWorld] {
        var worlds: [UploadLifeWorld] = []
        func add(_ state: UploadLife.State, open: Bool, _ object: Object, running: Bool = false) {
            worlds.append(UploadLifeWorld(
                state: state, knowsUploadID: knowsUploadID, isUploadOpen: open, object: object,
                isCompleteRunning: running))
        }
        for state in [UploadLife.State.opening, .streaming, .aborting] {
            add(state, open: true, .none)
            add(state, open: false, .none)
        }
        add(.aborting, open: true, .none, running: true)
        add(.aborting, open: false, .ours)
        for object in [Object.none, .other] {
            add(.completing, open: true, object)
            add(.completing, open: true, object, running: true)
            add(.completing, open: false, object)
        }
        add(.completing, open: false, .ours)
        if !knowsUploadID {
            for (state, object, running) in [
                (UploadLife.State.completing, Object.none, true), (.completing, .none, false),
                (.completing, .ours, false), (.aborting, .none, true), (.aborting, .none, false),
                (.aborting, .ours, false),
            ] {
                worlds.append(UploadLifeWorld(
                    state: state, knowsUploadID: false, isUploadOpen: false, object: object, isCompleteRunning: false,
                    isPutRunning: running, knowsSize: true))
            }
            // The upload id was to be written before the size, and got lost.
            for state in [UploadLife.State.completing, .aborting] {
                worlds.append(UploadLifeWorld(
                    state: state, knowsUploadID: false, isUploadOpen: true, object: .none, isCompleteRunning: false,
                    knowsSize: true))
            }
        }
        for var world in worlds {
            world.isOtherOpen = true
            worlds.append(world)
        }
        add(.expiring, open: false, .ours)
        add(.expiring, open: false, .none)
        return worlds
    }

    private struct Node: Hashable {
        var world: UploadLifeWorld
        var phase: UploadLife.RecoveryPhase

        func hash(into hasher: inout Hasher) {
            hasher.combine(world)
            hasher.combine("\(phase)")
        }
    }

    /// Walks through every run of recovery from `world`: the running Complete lands or not before any request, any
    /// answer is lost after or before its effect, Complete is refused, and the patience for it runs out at any time.
    /// Returns how many different ends there are.
    static func explore(
        from world: UploadLifeWorld, atEnd judge: (UploadLife.State, UploadLifeWorld) -> Void
    ) -> Int {
        guard
            case .send(let first) = UploadLife.recovery(
                of: world.state, knowsUploadID: world.knowsUploadID, knowsSize: world.knowsSize)
        else { return 0 }
        var seen: Set<Node> = []
        var ends = 0
        var waiting = [Node(world: world, phase: first)]
        while let node = waiting.popLast() {
            guard seen.insert(node).inserted else { continue }
            switch UploadLife.givingUp(node.phase) {
            case .send(let next):
                var world = node.world
                if node.phase == .listingDenied || node.phase == .abortingDenied { world.isOtherOpen = false }
                waiting.append(Node(world: world, phase: next))
            case .write(let state):
                ends += 1
                // What else there is of the key is the sweep's, here and above.
                var end = node.world
                end.isOtherOpen = false
                for last in end.momentsOfRunningRequest() { judge(state, last) }
            case .retryLater, .recheckLater, .settled: break
            }
            for before in node.world.momentsOfRunningRequest() {
                for (answer, after) in before.perform(node.phase) {
                    for moment in after.momentsOfRunningRequest() {
                        switch UploadLife.recovery(node.phase, answered: answer) {
                        case .send(let next), .retryLater(let next): waiting.append(Node(world: moment, phase: next))
                        case .recheckLater(let next):
                            // By then it has come to its end, or never will.
                            var later = moment
                            later.isPutRunning = false
                            waiting.append(Node(world: later, phase: next))
                        case .write(let state):
                            ends += 1
                            // A Complete that still runs may land after recovery has ended: it must find no upload.
                            for last in moment.momentsOfRunningRequest() { judge(state, last) }
                        case .settled: break
                        }
                    }
                }
            }
        }
        return ends
    }

    /// The world now, and the world after the running Complete or PutObject has landed.
    private func momentsOfRunningRequest() -> [UploadLifeWorld] {
        if isPutRunning {
            var landed = self
            landed.isPutRunning = false
            landed.object = .ours
            return [self, landed]
        }
        guard isCompleteRunning else { return [self] }
        var landed = self
        landed.isCompleteRunning = false
        if isUploadOpen {
            landed.isUploadOpen = false
            landed.object = .ours
        }
        return [self, landed]
    }

    private func perform(_ phase: UploadLife.RecoveryPhase) -> [(UploadLife.StoreAnswer, UploadLifeWorld)] {
        var after = self
        var answer: UploadLife.StoreAnswer
        var others: [(UploadLife.StoreAnswer, UploadLifeWorld)] = [(.unknown, self)]
        switch phase {
        case .completing:
            answer = isUploadOpen ? .done : .noSuchUpload
            if isUploadOpen {
                after.object = .ours
                others.append((.refused, self))
                // While one Complete runs, another may be told that there is no such upload any more.
                if isCompleteRunning { others.append((.noSuchUpload, self)) }
            }
            after.isUploadOpen = false
        case .aborting, .givingUp:
            answer = isUploadOpen ? .done : .noSuchUpload
            after.isUploadOpen = false
        case .abortingListed, .abortingRest, .abortingDenied, .givingUpListed, .takingBackListed:
            answer = isUploadOpen || isOtherOpen ? .done : .noSuchUpload
            after.isUploadOpen = false
            if isOtherOpen { others.append((.unknown, after)) }
            after.isOtherOpen = false
        case .listing, .listingRest, .listingDenied, .givingUpListing, .takingBackListing:
            answer = isUploadOpen || isOtherOpen ? .listedSome : .listedNone
        case .confirming, .deciding, .settlingPut, .settlingPutAgain, .takingPutBack, .takingPutBackAgain:
            switch object {
            case .none: answer = .notFound
            case .ours: answer = .foundOurs
            case .other: answer = .foundOther
            }
        case .deleting, .deletingPut:
            answer = object == .none ? .notFound : .done
            after.object = .none
        }
        others.append((.unknown, after))
        return others + [(answer, after)]
    }
}
