/// The life of one upload into a directory: what is done next, given what came of the last.
package struct DirectoryUploadState: Sendable {
    package enum Command: Equatable, Sendable {
        /// Open a file under a temporary name.
        case open
        /// Copy the part's source to the end of the file.
        case copy(length: Int64)
        /// Synchronise the file, give it its name, synchronise the directories.
        case finish
        /// Remove the temporary name.
        case remove
        /// Wait, then say so.
        case wait(milliseconds: Int64)
    }

    package struct Reaction: Equatable, Sendable {
        package var command: Command?
        package var event: StoreEvent?

        package init(_ command: Command? = nil, event: StoreEvent? = nil) {
            self.command = command
            self.event = event
        }

        package static let none = Reaction()
    }

    /// Named by what is awaited.
    private enum Phase: Equatable {
        case fresh
        case opened
        case nextStep
        case copied(number: Int, length: Int64)
        case finished
        case ownersAbort
        case removed(attempt: Int)
        case over
    }

    private static let removeAttemptsMax = 10
    private static let removeWaitMilliseconds: Int64 = 1_000

    private var phase = Phase.fresh
    private var isAbandoned = false

    package init() {}

    package var isOver: Bool { phase == .over }

    package mutating func create() -> Reaction {
        guard phase == .fresh else { return outOfOrder(.create) }
        phase = .opened
        return Reaction(.open)
    }

    package mutating func openPart(number: Int, length: Int64) -> Reaction {
        guard phase == .nextStep else { return outOfOrder(.part) }
        phase = .copied(number: number, length: length)
        return Reaction(.copy(length: length))
    }

    package mutating func complete() -> Reaction {
        guard phase == .nextStep else { return outOfOrder(.complete) }
        phase = .finished
        return Reaction(.finish)
    }

    package mutating func abort() -> Reaction {
        guard !isAbandoned, phase != .over else { return .none }
        isAbandoned = true
        switch phase {
        case .fresh:
            phase = .over
            return Reaction(event: .aborted)
        case .opened, .finished: return .none
        case .nextStep, .copied, .ownersAbort: return remove(attempt: 1)
        case .removed, .over: return .none
        }
    }

    /// The file is open, under a temporary name.
    package mutating func opened(name: String) -> Reaction {
        guard phase == .opened else { return .none }
        if isAbandoned { return remove(attempt: 1) }
        phase = .nextStep
        return Reaction(event: .created(uploadID: name))
    }

    /// The whole part is in the file.
    package mutating func copied() -> Reaction {
        guard case .copied(let number, let length) = phase else { return .none }
        phase = .nextStep
        return Reaction(event: .partStored(StoredPart(number: number, etag: "", length: length)))
    }

    /// The object has its name, and that is on the disk.
    package mutating func finished() -> Reaction {
        guard phase == .finished else { return .none }
        phase = .over
        return Reaction(event: .completed)
    }

    /// The temporary name is gone.
    package mutating func removed() -> Reaction {
        guard case .removed = phase else { return .none }
        phase = .over
        return Reaction(event: .aborted)
    }

    /// The wait is over.
    package mutating func waited() -> Reaction {
        guard case .removed = phase else { return .none }
        return Reaction(.remove)
    }

    /// What was asked last cannot be done.
    package mutating func failed(_ kind: StoreFailure.Kind, _ detail: String) -> Reaction {
        switch phase {
        case .opened: return isAbandoned ? remove(attempt: 1) : fail(.create, kind, detail)
        case .copied: return fail(.part, kind, detail)
        case .finished: return isAbandoned ? remove(attempt: 1) : fail(.complete, kind, detail)
        case .removed(let attempt):
            guard attempt < Self.removeAttemptsMax else {
                phase = .over
                return Reaction(event: .failed(StoreFailure(step: .abort, kind: kind, detail: detail)))
            }
            phase = .removed(attempt: attempt + 1)
            return Reaction(.wait(milliseconds: Self.removeWaitMilliseconds))
        case .fresh, .nextStep, .ownersAbort, .over: return .none
        }
    }

    private mutating func remove(attempt: Int) -> Reaction {
        phase = .removed(attempt: attempt)
        return Reaction(.remove)
    }

    private mutating func fail(
        _ step: StoreFailure.Step, _ kind: StoreFailure.Kind, _ detail: String
    ) -> Reaction {
        phase = .ownersAbort
        return Reaction(event: .failed(StoreFailure(step: step, kind: kind, detail: detail)))
    }

    private mutating func outOfOrder(_ step: StoreFailure.Step) -> Reaction {
        guard !isAbandoned, phase != .over else { return .none }
        let failure = StoreFailure(step: step, kind: .clientSide, detail: "the step came out of order")
        return Reaction(event: .failed(failure))
    }
}
