internal import CLinux
internal import Synchronization

/// A thread of the kernel. It inherits the signal mask of the one that starts it.
package final class Thread: Sendable {
    private let id: pthread_t
    private let isJoined = Atomic<Bool>(false)

    private init(id: pthread_t) { self.id = id }

    deinit {
        if !isJoined.load(ordering: .relaxed) { pthread_detach(id) }
    }

    /// Starts a thread that runs `body`. The kernel keeps the first 15 bytes of `name` (pthread_setname_np(3)).
    @discardableResult
    package static func start(
        name: String, _ body: @Sendable @escaping () -> Void
    ) throws(SystemError) -> Thread {
        let start = unsafe Unmanaged.passRetained(ThreadStart(name: name, body: body))
        var id = pthread_t()
        let result = unsafe pthread_create(&id, nil, { argument in
            guard let argument = unsafe argument else { return nil }
            let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
            unsafe start.name.withCString { name in _ = unsafe pthread_setname_np(pthread_self(), name) }
            start.body()
            return nil
        }, start.toOpaque())
        if result != 0 { unsafe start.release() }
        try SystemCall.thread("pthread_create", result)
        return Thread(id: id)
    }

    /// Lets other threads run first (sched_yield(2)).
    package static func yield() { sched_yield() }

    /// Waits until the thread has ended. Only the first call waits.
    package func join() {
        guard !isJoined.exchange(true, ordering: .acquiringAndReleasing) else { return }
        pthread_join(id, nil)
    }
}

/// What the new thread finds in its argument.
private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @Sendable @escaping () -> Void) {
        self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        self.body = body
    }
}
