package import HTTPClient
internal import Linux
package import Reactor

/// Puts an ``HTTPClient`` on an ``EventLoop``.
///
/// What the client wants of a socket is only noted, and compared with what the kernel was told at the end of the turn.
/// A connection stays watched for reading while it is idle: a request on a warm one costs no epoll_ctl.
package final class LoopHTTPDriver: HTTPClientDriver {
    /// How often the client may ask to run again at once before the loop's other deferred work has its turn.
    private static let roundsPerTurnMax = 8

    let loop: EventLoop
    /// nil once it is closed.
    private unowned var client: HTTPClient?
    /// By descriptor: they are small numbers.
    private var watches: [SocketWatch?] = []
    private var changed: [SocketWatch] = []
    private var isTickDue = false
    private var isSettleDeferred = false
    private var isSettling = false
    private var deadline: Int64?
    private var timer: (id: TimerID, due: Int64)?

    private init(loop: EventLoop) { self.loop = loop }

    /// A client that lives on `loop`. It is the caller's to keep, and to close.
    package static func makeClient(
        on loop: EventLoop, configuration: HTTPClientConfiguration
    ) throws(HTTPClientError) -> HTTPClient {
        let driver = LoopHTTPDriver(loop: loop)
        let client = try HTTPClient(configuration: configuration, driver: driver)
        driver.client = client
        return client
    }

    // MARK: what the client asks

    package var now: Int64 { loop.now }

    package func opened(descriptor: Int32) {
        guard let watch = existingWatch(descriptor) else { return }
        drop(watch)
        watch.isOwn = false
        guard !watch.wanted.isEmpty else { return }
        watch.duplicate()
        want(watch.wanted, of: watch)
    }

    package func adopted(descriptor: Int32) {
        let watch = watch(for: descriptor)
        drop(watch)
        watch.wanted = []
        watch.isOwn = true
    }

    package func watch(descriptor: Int32, readable: Bool, writable: Bool) {
        var interest: Interest = []
        if readable { interest.insert(.read) }
        if writable { interest.insert(.write) }
        let watch = watch(for: descriptor)
        if !watch.isOwn { watch.duplicate() }
        want(interest, of: watch)
    }

    package func unwatch(descriptor: Int32) {
        guard let watch = existingWatch(descriptor) else { return }
        watch.wanted = []
        drop(watch)
    }

    package func closing(descriptor: Int32) {
        guard let watch = existingWatch(descriptor) else { return }
        if watch.isOwn, let registration = watch.registration {
            loop.deregister(registration, closesDescriptor: true)
            watch.registration = nil
        }
        drop(watch)
        watch.wanted = []
        watch.isOwn = false
    }

    package func setTimer(milliseconds: Int?) {
        isTickDue = milliseconds == 0
        deadline = milliseconds.map { loop.now + Int64($0) }
        if isTickDue {
            deferSettling()
        } else if let deadline, timer.map({ $0.due > deadline }) ?? true {
            setLoopTimer(deadline)
        }
    }

    package func closed() {
        client = nil
        for case let watch? in watches { drop(watch) }
        watches.removeAll()
        changed.removeAll()
        if let timer { loop.cancel(timer.id) }
        timer = nil
    }

    // MARK: what the loop reports

    fileprivate func ready(_ watch: SocketWatch, _ events: ReadyEvents) {
        client?.socketReady(
            descriptor: watch.descriptor, readable: events.readable || events.hangup, writable: events.writable,
            failed: events.error)
    }

    private func setLoopTimer(_ due: Int64) {
        if let timer { loop.cancel(timer.id) }
        let id = loop.schedule(afterMilliseconds: due - loop.now) { [weak self] in self?.loopTimerFired() }
        timer = (id, due)
    }

    /// The loop's timer is left running when the client moves its own further away, which it does in nearly every turn.
    private func loopTimerFired() {
        timer = nil
        guard let deadline, !isTickDue else { return }
        if deadline <= loop.now {
            self.deadline = nil
            client?.timerFired()
        } else {
            setLoopTimer(deadline)
        }
    }

    // MARK: the end of a turn

    private func deferSettling() {
        guard !isSettleDeferred, !isSettling else { return }
        isSettleDeferred = true
        loop.deferred { [weak self] in self?.settle() }
    }

    private func settle() {
        isSettleDeferred = false
        isSettling = true
        var rounds = 0
        while isTickDue, rounds < Self.roundsPerTurnMax {
            isTickDue = false
            rounds += 1
            client?.timerFired()
        }
        for watch in changed { apply(watch) }
        changed.removeAll(keepingCapacity: true)
        isSettling = false
        if isTickDue { deferSettling() }
    }

    private func want(_ interest: Interest, of watch: SocketWatch) {
        watch.wanted = interest
        guard !watch.isChanged else { return }
        watch.isChanged = true
        changed.append(watch)
        deferSettling()
    }

    private func apply(_ watch: SocketWatch) {
        watch.isChanged = false
        let interest = watch.wanted
        guard !interest.isEmpty else { return }
        if let registration = watch.registration {
            if watch.armed != interest { arm(watch, registration, interest) }
        } else {
            // Without one (no memory in the kernel, no descriptor left) the client's deadlines end what waits for it.
            guard let descriptor = watch.watchedDescriptor else { return }
            watch.registration = try? loop.register(descriptor, interest: interest, handler: watch, isForeign: true)
            watch.armed = interest
        }
    }

    private func arm(_ watch: SocketWatch, _ registration: Registration, _ interest: Interest) {
        do {
            try loop.modify(registration, interest: interest)
            watch.armed = interest
        } catch {
            // The kernel does not know the descriptor: what waits for it ends at its deadline.
            drop(watch)
        }
    }

    private func drop(_ watch: SocketWatch) {
        if let registration = watch.registration { loop.deregister(registration) }
        watch.registration = nil
        watch.closeCopy()
    }

    private func existingWatch(_ descriptor: Int32) -> SocketWatch? {
        let index = Int(descriptor)
        return index < watches.count ? watches[index] : nil
    }

    private func watch(for descriptor: Int32) -> SocketWatch {
        if let watch = existingWatch(descriptor) { return watch }
        let index = Int(descriptor)
        while watches.count <= index { watches.append(nil) }
        let watch = SocketWatch(descriptor: descriptor, driver: self)
        watches[index] = watch
        return watch
    }
}

/// One descriptor number: what the client wants of it, and what the loop was told.
///
/// Curl closes some descriptors without a word (those that name lookups signal with, those of connections that are
/// being made), and the number may be somebody else's at once. So the loop watches duplicates of those.
private final class SocketWatch: EventHandler {
    let descriptor: Int32
    var wanted: Interest = []
    var armed: Interest = []
    var registration: Registration?
    var isChanged = false
    /// The client's own: it is not closed without a word.
    var isOwn = false
    private var copy: FileDescriptor?
    /// Knows the watch until it is closed, and none is registered after that.
    private unowned let driver: LoopHTTPDriver

    init(descriptor: Int32, driver: LoopHTTPDriver) {
        self.descriptor = descriptor
        self.driver = driver
    }

    func ready(_ events: ReadyEvents) { driver.ready(self, events) }

    /// What the loop is to watch.
    var watchedDescriptor: Int32? { isOwn ? descriptor : copy?.raw }

    /// Makes the duplicate, now that the descriptor is certainly open.
    func duplicate() {
        guard copy == nil else { return }
        let borrowed = FileDescriptor(adopting: descriptor)
        copy = try? borrowed.duplicate()
        _ = borrowed.release()
    }

    func closeCopy() { copy = nil }
}
