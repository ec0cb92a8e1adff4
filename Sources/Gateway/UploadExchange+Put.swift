/// The walk of an upload that is one PutObject.
///
/// S3 keeps no part of one ("Amazon S3 never adds partial objects", PutObject in the Amazon S3 API Reference), so there
/// is nothing to open and nothing to complete: what takes the place of Complete is the end of the body. It stays here
/// until `completing` is durable. Until then the request can be cut off and has stored nothing; from then on recovery
/// finds the object by its record, or that there is none. A short one stays here whole; where its body came before its
/// record was asked for, the record begins there.
extension UploadExchange {
    /// The row is committed. A short body is sent in one go, once `completing` is.
    mutating func openPut(into effects: inout [UploadEffect]) {
        guard let length = declaredBytes, !policy.holds(declaredBytes: length) else { return store = .putHeld }
        store = .putting(isReleased: false)
        effects.append(.put(length: length))
    }

    /// Lets the last block go when `completing` is durable.
    mutating func releasePut(into effects: inout [UploadEffect]) {
        guard case .durable = record else { return }
        switch store {
        case .putHeld:
            store = .putting(isReleased: true)
            effects.append(.release)
            effects.append(.put(length: receivedBytes))
        case .putting(isReleased: false):
            store = .putting(isReleased: true)
            effects.append(.release)
        case .untouched, .creating, .idle, .sendingPart, .completing, .putting(isReleased: true), .withdrawing,
            .aborting, .ended:
            break
        }
    }

    /// Takes back a PutObject that may have stored the object, the client being settled.
    ///
    /// Undoing it is a deletion. If that came first and the process died, recovery could find the object by a record
    /// that says `completing`, call it stored, and lose it to the deletion that was still on its way.
    mutating func withdraw(into effects: inout [UploadEffect]) {
        store = .withdrawing
        effects.append(.journal(.withdrawn))
    }

    /// `aborting` is committed.
    package mutating func withdrawalCommitted(into effects: inout [UploadEffect]) {
        guard case .withdrawing = store else { return }
        store = .aborting(thenGone: true)
        effects.append(.abort)
    }

    /// The journal could not take `aborting`: the record says `completing`, and recovery finds out what came of it.
    package mutating func withdrawalFailed(into effects: inout [UploadEffect]) {
        guard case .withdrawing = store else { return }
        effects.append(.leave)
        finish(into: &effects)
    }
}
