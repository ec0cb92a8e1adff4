/// The life of an upload's record: its states, what must be durable before what, and the rules of recovery.
///
/// One row per upload. The catalog performs the writes, the upload exchange asks for them, recovery reads what a crash
/// left; all three take the order of things from here.
package enum UploadLife {
    /// Where an upload stands. The raw values are what the database holds: never rename them.
    package enum State: String, CaseIterable, Sendable {
        /// Key and owner are written; CreateMultipartUpload may be on its way, or a PutObject without its end.
        case opening
        /// The store's upload id is known; parts may be on their way.
        case streaming
        /// The whole body has been counted; CompleteMultipartUpload may be on its way, or in a row without an upload id
        /// the end of a PutObject. A row begins with it where all of that is here before the store has any.
        case completing
        /// The object is complete in the store.
        case stored
        /// The object is being deleted because nobody registered it in time.
        case expiring
        /// The upload is being taken back, and nobody was told of it: an object that is found is deleted.
        case aborting
        /// Nothing is left in the store. The row itself is dropped, so no row is ever seen in this state.
        case gone
    }

    /// The states with which a row may begin. Each is as durable as it is where it follows another.
    package static let beginnings: [State] = [.opening, .completing]

    /// How far a write must have come before anyone acts on it.
    package enum Durability: Sendable {
        /// Written like the next, but nobody waits: losing it costs recovery a request, and nothing else.
        case lazy
        /// In the write-ahead log, handed to the kernel: survives the death of the process, not of the machine.
        case process
        /// Synced to the disk: survives the loss of power.
        case machine
    }

    /// What is sent to the store or the client on behalf of an upload.
    package enum Action: CaseIterable, Sendable {
        case create
        case uploadPart
        case complete
        case abort
        case deleteExpired
        /// The last block of a PutObject, with which the object comes to be.
        case finishPut
        /// DeleteObject of what a PutObject may have stored that nobody was told of.
        case deleteAborted
        case reply201
    }

    /// A write that must have been answered before an action.
    package struct Barrier: Equatable, Sendable {
        package let state: State
        package let durability: Durability

        package init(state: State, durability: Durability) {
            self.state = state
            self.durability = durability
        }
    }

    /// What must be durable before `action`, or nil when nothing need be.
    ///
    /// - `create`: else a crash leaves an upload at the store that only the slow sweep of unknown uploads finds.
    /// - `uploadPart`: nothing more. The upload id may be lost, recovery then lists the uploads of this very key.
    /// - `complete`: else a power loss after it leaves an object whose record says that it was never meant to be.
    /// - `finishPut`: as `complete`, whose place it takes.
    /// - `deleteExpired`: else a power loss after it leaves a record that can be registered, and no object.
    /// - `deleteAborted`: else a crash leaves `completing`, by which recovery may find the object and call it stored
    ///   just before the deletion that is still on its way. After a power loss no deletion is on its way.
    /// - `reply201`: the same as `complete`; from `completing` recovery finds the object and says `stored` again.
    package static func barrier(before action: Action) -> Barrier? {
        switch action {
        case .create: Barrier(state: .opening, durability: .process)
        case .uploadPart, .abort: nil
        case .complete, .finishPut, .reply201: Barrier(state: .completing, durability: .machine)
        case .deleteExpired: Barrier(state: .expiring, durability: .machine)
        case .deleteAborted: Barrier(state: .aborting, durability: .process)
        }
    }
}

extension UploadLife.State {
    /// The states that may follow.
    package var successors: [UploadLife.State] {
        switch self {
        // A PutObject has no upload id to write; that of a body which was whole before is written with `completing`.
        case .opening: [.streaming, .completing, .aborting, .gone]
        case .streaming: [.completing, .aborting, .gone]
        case .completing: [.stored, .aborting, .gone]
        case .stored: [.expiring]
        case .expiring: [.gone]
        case .aborting: [.gone]
        case .gone: []
        }
    }

    /// The states that this one may be written over.
    package var predecessors: [UploadLife.State] {
        UploadLife.State.allCases.filter { $0.successors.contains(self) }
    }

    package func mayBecome(_ next: UploadLife.State) -> Bool { successors.contains(next) }

    /// What the write of this state needs: the strongest barrier that any action asks of it.
    package var durability: UploadLife.Durability {
        switch self {
        case .opening, .aborting: .process
        case .completing, .expiring: .machine
        case .streaming, .stored, .gone: .lazy
        }
    }

    /// Whether a start finds nothing to do for a row in this state.
    package var isSettled: Bool { self == .stored || self == .gone }
}
