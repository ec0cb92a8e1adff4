import HTTPClient
import Linux
import Reactor

/// The plainest driver: each of the client's wishes becomes a call of the loop.
final class TestLoopDriver: HTTPClientDriver {
    weak var client: HTTPClient?
    private let loop: EventLoop
    private var watches: [Int32: Watch] = [:]
    private var timer: TimerID?

    init(loop: EventLoop) { self.loop = loop }

    var now: Int64 { loop.now }

    func watch(descriptor: Int32, readable: Bool, writable: Bool) {
        var interest: Interest = []
        if readable { interest.insert(.read) }
        if writable { interest.insert(.write) }
        if let watch = watches[descriptor] {
            try? loop.modify(watch.registration, interest: interest)
        } else {
            let watch = Watch(descriptor: descriptor, driver: self)
            guard let registration = try? loop.register(descriptor, interest: interest, handler: watch) else { return }
            watch.registration = registration
            watches[descriptor] = watch
        }
    }

    func unwatch(descriptor: Int32) {
        guard let watch = watches.removeValue(forKey: descriptor) else { return }
        loop.deregister(watch.registration)
    }

    func closing(descriptor: Int32) { unwatch(descriptor: descriptor) }

    func setTimer(milliseconds: Int?) {
        if let timer { loop.cancel(timer) }
        timer = milliseconds.map { delay in
            loop.schedule(afterMilliseconds: Int64(delay)) { [weak self] in self?.client?.timerFired() }
        }
    }

    private final class Watch: EventHandler {
        var registration = Registration.none
        private let descriptor: Int32
        private weak var driver: TestLoopDriver?

        init(descriptor: Int32, driver: TestLoopDriver) {
            self.descriptor = descriptor
            self.driver = driver
        }

        func ready(_ events: ReadyEvents) {
            driver?.client?.socketReady(
                descriptor: descriptor, readable: events.readable || events.hangup, writable: events.writable,
                failed: events.error)
        }
    }
}
