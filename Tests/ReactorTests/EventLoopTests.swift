import Glibc
import Linux
import Synchronization
import Testing

@testable import Reactor

/// Calls a closure for each report.
final class ClosureHandler: EventHandler {
    private let body: (ReadyEvents) -> Void

    init(_ body: @escaping (ReadyEvents) -> Void) { self.body = body }

    func ready(_ events: ReadyEvents) { body(events) }
}

@Suite struct EventLoopTests {
    @Test func `reports a readable descriptor until it is deregistered`() throws {
        let loop = try EventLoop()
        let event = try EventDescriptor()
        var calls = 0
        let registration = try loop.register(event.raw, interest: .read, handler: ClosureHandler { events in
            #expect(events.readable)
            calls += 1
        })
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 0)
        event.signal()
        loop.turn(timeoutMilliseconds: 0)
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 2)
        try loop.modify(registration, interest: [])
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 2)
        try loop.modify(registration, interest: .read)
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 3)
        loop.deregister(registration)
        loop.deregister(registration)
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 3)
        #expect(loop.registrationsCount == 0)
    }

    @Test func `a report under way reaches neither a deregistered handler nor the slot's next one`() throws {
        let loop = try EventLoop()
        let first = try EventDescriptor()
        let second = try EventDescriptor()
        let third = try EventDescriptor()
        var registrations: [Registration] = []
        var calls: [String] = []
        // Whichever comes first takes the other out and puts a new one into its slot.
        func replaceOther(_ other: Int, _ name: String) {
            calls.append(name)
            loop.deregister(registrations[other])
            do {
                _ = try loop.register(third.raw, interest: .read, handler: ClosureHandler { _ in calls.append("new") })
            } catch {
                Issue.record(error)
            }
        }
        registrations.append(
            try loop.register(first.raw, interest: .read, handler: ClosureHandler { _ in replaceOther(1, "first") }))
        registrations.append(
            try loop.register(second.raw, interest: .read, handler: ClosureHandler { _ in replaceOther(0, "second") }))
        first.signal()
        second.signal()
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls.count == 1)
        #expect(!calls.contains("new"))
    }

    @Test func `an exclusive registration pauses and resumes`() throws {
        let loop = try EventLoop()
        let listener = try ListeningSocket(on: .loopback(port: 0))
        var calls = 0
        let registration = try loop.register(
            listener.raw, interest: [.read, .exclusive], handler: ClosureHandler { _ in calls += 1 })
        let client = try FileDescriptor.connect(to: listener.address, blocks: true)
        loop.turn(timeoutMilliseconds: 1_000)
        #expect(calls == 1)
        try loop.modify(registration, interest: .exclusive)
        loop.turn(timeoutMilliseconds: 0)
        #expect(calls == 1)
        try loop.modify(registration, interest: [.read, .exclusive])
        loop.turn(timeoutMilliseconds: 1_000)
        #expect(calls == 2)
        loop.deregister(registration)
        try client.close()
    }

    @Test func `a library's descriptor that is closed already is an error, and no defect`() throws {
        let loop = try EventLoop()
        let handler = ClosureHandler { _ in }
        // More than any process may have.
        #expect(throws: SystemError.self) {
            _ = try loop.register(.max, interest: .read, handler: handler, isForeign: true)
        }
        #expect(loop.registrationsCount == 0)
        var pipe: [Int32] = [-1, -1]
        try #require(unsafe Glibc.pipe(&pipe) == 0)
        defer { close(pipe[1]) }
        let registration = try loop.register(pipe[0], interest: .read, handler: handler, isForeign: true)
        close(pipe[0])
        #expect(throws: SystemError.self) { try loop.modify(registration, interest: .write) }
        loop.deregister(registration)
        #expect(loop.registrationsCount == 0)
    }

    @Test func `a timer fires once, not early, and a cancelled one never`() throws {
        let loop = try EventLoop()
        let start = loop.now  // From which timers count.
        var fired: [String] = []
        let cancelled = loop.schedule(afterMilliseconds: 5) { fired.append("cancelled") }
        loop.schedule(afterMilliseconds: 30) {
            fired.append("late")
            #expect(Clock.monotonicMilliseconds() - start >= 30)
            loop.stop()
        }
        loop.schedule(afterMilliseconds: 0) { fired.append("soon") }
        loop.cancel(cancelled)
        loop.run()
        #expect(fired == ["soon", "late"])
    }

    @Test func `a timer of zero that sets itself again leaves room for the rest of the turn`() throws {
        let loop = try EventLoop()
        var count = 0
        func again() {
            count += 1
            if count == 3 { loop.stop() } else { loop.schedule(afterMilliseconds: 0, again) }
        }
        again()
        loop.run()
        #expect(count == 3)
    }

    @Test func `deferred work runs after the handlers of its turn, its own in as many rounds as a turn has`() throws {
        let loop = try EventLoop()
        var order: [Int] = []
        loop.deferred {
            order.append(1)
            loop.deferred {
                order.append(3)
                loop.deferred { order.append(4) }
            }
        }
        loop.deferred { order.append(2) }
        #expect(order == [])
        loop.turn(timeoutMilliseconds: 0)
        #expect(order == [1, 2, 3])
        loop.turn(timeoutMilliseconds: 0)
        #expect(order == [1, 2, 3, 4])
    }
}
