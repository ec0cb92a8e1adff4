package import Linux

/// The event loop of one thread: descriptors, timers, mailboxes and deferred work, a bounded amount of each a turn.
///
/// Nothing of it may be touched from another thread, which a ``Mailbox`` is for. Handlers are held until they are
/// deregistered, timers' until they fire or are cancelled.
package final class EventLoop {
    /// Milliseconds of the monotonic clock when this turn began. Reading it costs nothing.
    package private(set) var now: Int64
    /// How many descriptors are watched.
    package var registrationsCount: Int { table.count }

    private enum TimerAction {
        case handler(any TimerHandler)
        case closure(() -> Void)
    }

    private var epoll: Epoll
    private var table = RegistrationTable()
    private var timers: TimerWheel<TimerAction>
    private var deferredBodies: [() -> Void] = []
    private var deferredBatch: [() -> Void] = []
    private let origin: Int64
    private var isStopped = false

    package init() throws(SystemError) {
        Signals.ignoreBrokenPipe()
        epoll = try Epoll(eventsPerWaitMax: ReactorLimits.eventsPerTurnMax)
        now = Clock.monotonicMilliseconds()
        origin = now
        timers = TimerWheel()
    }

    // MARK: Descriptors

    /// Watches `descriptor` and calls `handler` when it is ready. The descriptor must stay open until it is
    /// deregistered. `.exclusive` is for listeners shared by several loops. With `isForeign` the descriptor is a
    /// library's, which may have closed it already: then this, or ``modify(_:interest:)``, fails.
    package func register(
        _ descriptor: Int32, interest: Interest, handler: any EventHandler, isForeign: Bool = false
    ) throws(SystemError) -> Registration {
        let registration = table.insert(descriptor, interest, handler, isForeign: isForeign)
        do {
            if isForeign {
                try epoll.addIfOpen(descriptor, flags: interest.flags, token: registration.token)
            } else {
                try epoll.add(descriptor, flags: interest.flags, token: registration.token)
            }
        } catch {
            table.remove(Int(registration.slot))
            throw error
        }
        return registration
    }

    /// Whether the registration stands.
    package func isRegistered(_ registration: Registration) -> Bool { table.index(registration) != nil }

    /// Changes what the descriptor is watched for; without a change there is no system call. `[]` pauses, but hang-up
    /// and error are reported even then, except of an exclusive registration. A stale registration is ignored.
    package func modify(_ registration: Registration, interest: Interest) throws(SystemError) {
        guard let index = table.index(registration), table.slots[index].interest != interest else { return }
        let slot = table.slots[index]
        // EPOLLEXCLUSIVE cannot be modified (epoll_ctl(2): EINVAL); it is taken out and put in again.
        guard slot.interest.contains(.exclusive) || interest.contains(.exclusive) || !slot.isArmed else {
            if slot.isForeign {
                try epoll.modifyIfOpen(slot.descriptor, flags: interest.flags, token: registration.token)
            } else {
                try epoll.modify(slot.descriptor, flags: interest.flags, token: registration.token)
            }
            table.setInterest(index, interest, isArmed: true)
            return
        }
        if slot.isArmed { try epoll.remove(slot.descriptor) }
        let isArmed = !interest.subtracting(.exclusive).isEmpty
        table.setInterest(index, interest, isArmed: isArmed)
        if isArmed { try epoll.add(slot.descriptor, flags: interest.flags, token: registration.token) }
    }

    /// Watches the descriptor no longer; reports under way reach nobody. Stale registrations are ignored.
    ///
    /// With `closesDescriptor` the caller closes the descriptor at once, it has no duplicate, and the kernel forgets
    /// it by itself (epoll(7), Q6): one system call less.
    package func deregister(_ registration: Registration, closesDescriptor: Bool = false) {
        guard let index = table.index(registration) else { return }
        let slot = table.slots[index]
        table.remove(index)
        guard slot.isArmed, !closesDescriptor else { return }
        if slot.isForeign { return epoll.removeIfKnown(slot.descriptor) }
        // ENOENT alone is possible: the descriptor was closed and its number is another file's now.
        try? epoll.remove(slot.descriptor)
    }

    // MARK: Timers

    /// Calls `handler` once, no earlier than in so many milliseconds and about a tick (10 ms) later at most.
    @discardableResult
    package func schedule(afterMilliseconds delay: Int64, _ handler: any TimerHandler) -> TimerID {
        timers.schedule(at: dueTick(delay), .handler(handler))
    }

    /// Runs `body` once; as above.
    @discardableResult
    package func schedule(afterMilliseconds delay: Int64, _ body: @escaping () -> Void) -> TimerID {
        timers.schedule(at: dueTick(delay), .closure(body))
    }

    /// Forgets the timer; one that has fired, was cancelled or never was is ignored.
    package func cancel(_ timer: TimerID) { timers.cancel(timer) }

    // MARK: Running

    /// Runs `body` at the end of this turn, after the handlers; deferred from deferred work, after that, or at the end
    /// of the next turn when this has had its rounds.
    package func deferred(_ body: @escaping () -> Void) { deferredBodies.append(body) }

    /// Turns until ``stop()`` is called.
    package func run() {
        isStopped = false
        while !isStopped { turn() }
    }

    /// Ends ``run()`` after this turn.
    package func stop() { isStopped = true }

    /// One turn: waits for something to be ready, at most `timeoutMilliseconds` (nil: until the next timer), then
    /// handles it. ``run()`` calls it; tests may.
    package func turn(timeoutMilliseconds: Int32? = nil) {
        let wait = min(untilNextWork(), timeoutMilliseconds.map(Int64.init) ?? .max)
        let timeout = wait == .max ? -1 : Int32(clamping: wait)
        let count: Int
        do {
            count = try epoll.wait(timeoutMilliseconds: timeout)
        } catch {
            // EINVAL and EBADF, which epoll_wait(2) lists beside EINTR, both mean that the loop itself is broken.
            preconditionFailure("\(error)")
        }
        now = Clock.monotonicMilliseconds()
        for index in 0 ..< count {
            let event = epoll.event(at: index)
            table.handler(token: event.token)?.ready(ReadyEvents(flags: event.flags))
        }
        fireTimers()
        runDeferred()
    }

    private func untilNextWork() -> Int64 {
        if !deferredBodies.isEmpty || isStopped { return 0 }
        guard let tick = timers.nextTick else { return .max }
        return max(0, origin + tick * ReactorLimits.tickMilliseconds - Clock.monotonicMilliseconds())
    }

    private func fireTimers() {
        let tick = (now - origin) / ReactorLimits.tickMilliseconds
        for _ in 0 ..< ReactorLimits.timersPerTurnMax {
            guard let (id, action) = timers.popExpired(at: tick) else { return }
            switch action {
            case .handler(let handler): handler.timerFired(id)
            case .closure(let body): body()
            }
        }
    }

    private func runDeferred() {
        for _ in 0 ..< ReactorLimits.deferredRoundsPerTurnMax {
            guard !deferredBodies.isEmpty else { return }
            swap(&deferredBodies, &deferredBatch)
            for body in deferredBatch { body() }
            deferredBatch.removeAll(keepingCapacity: true)
        }
    }

    /// Rounded up: never early. At least the next tick, so that a timer of 0 ms that sets itself again does not hold
    /// up the turn.
    private func dueTick(_ delay: Int64) -> Int64 {
        let length = ReactorLimits.tickMilliseconds
        let due = now - origin + min(max(delay, 0), 1 << 50)
        return max((due + length - 1) / length, timers.tick + 1)
    }
}
