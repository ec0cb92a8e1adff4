internal import Linux
internal import Synchronization

extension FilesPort {
    /// Has `work` done on the files thread and hands what it returns to `completion` on the loop, never from inside
    /// this call. False, and neither happens, when too much waits already.
    package func value<Value: Sendable>(
        of work: @escaping @Sendable () -> Value, completion: @escaping (Value) -> Void
    ) -> Bool {
        let box = ValueBox<Value>()
        return perform { () throws(SystemError) in
            box.value.withLock { $0 = work() }
            return .done
        } completion: { _ in
            // The job is done by now.
            if let value = box.value.withLock({ $0 }) { completion(value) }
        }
    }
}

/// Carries a value from the files thread to the loop.
private final class ValueBox<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
