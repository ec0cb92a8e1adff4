import HTTPWire
import Testing

@testable import Serving

struct ConnectionStateTests {
    private let limits: ServingLimits = {
        var limits = ServingLimits()
        limits.headMilliseconds = 100
        limits.keepAliveMilliseconds = 500
        limits.bodyIdleMilliseconds = 50
        limits.bodyGraceMilliseconds = 200
        limits.bodyBytesPerSecondMin = 10
        limits.requestMilliseconds = 1_000
        limits.writeIdleMilliseconds = 70
        limits.drainMilliseconds = 300
        limits.drainIdleMilliseconds = 30
        limits.drainBytesMax = 100
        return limits
    }()

    private func head(_ fields: String = "Content-Length: 5\r\n", version: String = "1.1") -> RequestHead? {
        func parse(_ bytes: [UInt8]) -> RequestHead? {
            var parser = RequestParser(limits: WireLimits())
            guard case .head(let head) = parser.parse(bytes.span) else { return nil }
            return head
        }
        return parse(Array("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n".utf8))
    }

    /// A connection with a request of five bytes under way since time 1000.
    private func inBody(_ fields: String = "Content-Length: 5\r\n", version: String = "1.1") throws -> ConnectionState {
        var state = ConnectionState(limits: limits, now: 900)
        state.headComplete(try #require(head(fields, version: version)), now: 1_000)
        return state
    }

    @Test func `goes from head to body to response and back`() throws {
        var state = ConnectionState(limits: limits, now: 0)
        #expect(state.appetite == .head)
        state.headComplete(try #require(head()), now: 1)
        #expect(state.appetite == .body)
        let isForHandler = state.bodyArrived(bytes: 5, now: 2)
        #expect(isForHandler)
        let isToldEnd = state.bodyComplete()
        #expect(isToldEnd)
        #expect(state.appetite == .none)
        #expect(state.isWithHandler == true)
        let isTaken = state.respond(closes: false)
        #expect(isTaken)
        #expect(state.appetite == .answer)
        #expect(state.isWithHandler == false)
        let form = state.beginWriting(now: 3)
        #expect(form.keepsAlive)
        let next = state.written(now: 4)
        #expect(next == .nextRequest)
        #expect(state.appetite == .head)
    }

    @Test func `takes one response for a request and none without`() throws {
        var idle = ConnectionState(limits: limits, now: 0)
        let withoutRequest = idle.respond(closes: false)
        #expect(!withoutRequest)
        var state = try inBody()
        let first = state.respond(closes: false)
        let second = state.respond(closes: false)
        #expect(first)
        #expect(!second)
    }

    @Test func `an early answer ends the connection`() throws {
        var state = try inBody()
        _ = state.respond(closes: false)
        #expect(state.appetite == .rest)
        let isForHandler = state.bodyArrived(bytes: 2, now: 1_001)
        #expect(!isForHandler)
        let form = state.beginWriting(now: 1_002)
        #expect(!form.keepsAlive)
        let next = state.written(now: 1_003)
        #expect(next == .halfClose)
        #expect(state.appetite == .drain)
    }

    @Test func `an early answer to a body that is there already does not`() throws {
        var state = try inBody()
        _ = state.respond(closes: false)
        let isToldEnd = state.bodyComplete()
        #expect(!isToldEnd)
        let form = state.beginWriting(now: 1_001)
        #expect(form.keepsAlive)
    }

    @Test(arguments: [("1.1", "Connection: close\r\n"), ("1.0", "")])
    func `a client that asks for it gets the end of the connection`(version: String, fields: String) throws {
        var state = try inBody("Content-Length: 5\r\n" + fields, version: version)
        _ = state.bodyComplete()
        _ = state.respond(closes: false)
        let form = state.beginWriting(now: 1_001)
        #expect(!form.keepsAlive)
        let next = state.written(now: 1_002)
        #expect(next == .halfClose)
    }

    @Test func `the handler may end the connection with its response`() throws {
        var state = try inBody()
        _ = state.bodyComplete()
        _ = state.respond(closes: true)
        let form = state.beginWriting(now: 1_001)
        #expect(!form.keepsAlive)
    }

    @Test func `a stopping server closes what is idle and lets the rest end`() throws {
        var idle = ConnectionState(limits: limits, now: 0)
        let closesIdle = idle.stop()
        #expect(closesIdle)
        #expect(idle.isClosed == true)
        var state = try inBody()
        let closesBusy = state.stop()
        #expect(!closesBusy)
        _ = state.bodyComplete()
        _ = state.respond(closes: false)
        let form = state.beginWriting(now: 1_001)
        #expect(!form.keepsAlive)
        let next = state.written(now: 1_002)
        #expect(next == .halfClose)
    }

    @Test func `a stream that ends within a body is told, any other end closes`() throws {
        var state = try inBody()
        let isTold = state.streamEnded()
        #expect(isTold)
        #expect(state.isClosed == false)
        var idle = ConnectionState(limits: limits, now: 0)
        let isToldIdle = idle.streamEnded()
        #expect(!isToldIdle)
        #expect(idle.isClosed == true)
    }

    @Test func `asks for 100 Continue only while nothing has come`() throws {
        var state = try inBody("Content-Length: 5\r\nExpect: 100-continue\r\n")
        #expect(state.mayContinue == true)
        _ = state.bodyArrived(bytes: 1, now: 1_001)
        #expect(state.mayContinue == false)
        var again = try inBody("Content-Length: 5\r\nExpect: 100-continue\r\n")
        again.continued()
        #expect(again.mayContinue == false)
        let unasked = try inBody()
        #expect(unasked.mayContinue == false)
    }

    @Test func `bounds the first head, the others, and the time between`() throws {
        var state = ConnectionState(limits: limits, now: 0)
        #expect(state.deadline == 100)
        state.headBegan(now: 40)
        #expect(state.deadline == 140)
        state.headBegan(now: 90)
        #expect(state.deadline == 140)
        let verdict = state.timePassed(now: 140)
        #expect(verdict == .refuseHead)

        var kept = try inBody()
        _ = kept.bodyComplete()
        _ = kept.respond(closes: false)
        _ = kept.beginWriting(now: 2_000)
        _ = kept.written(now: 2_000)
        #expect(kept.deadline == 2_500)
        let early = kept.timePassed(now: 2_499)
        #expect(early == .wait)
        let late = kept.timePassed(now: 2_500)
        #expect(late == .close)
        #expect(kept.isClosed == true)
    }

    @Test func `bounds the pause between two pieces of a body`() throws {
        var state = try inBody()
        #expect(state.deadline == 1_050)
        _ = state.bodyArrived(bytes: 1, now: 1_040)
        #expect(state.deadline == 1_090)
        let verdict = state.timePassed(now: 1_090)
        #expect(verdict == .tell(.bodyTooSlow))
    }

    @Test func `bounds the rate of a body after its grace`() throws {
        var state = try inBody("Content-Length: 500\r\n")
        for time in stride(from: Int64(1_010), through: 1_290, by: 40) { _ = state.bodyArrived(bytes: 1, now: time) }
        // Eight bytes: not yet a second's worth of them.
        #expect(state.deadline == 1_200)
        _ = state.bodyArrived(bytes: 2, now: 1_295)
        #expect(state.deadline == 1_345)
        var quick = try inBody("Content-Length: 500\r\n")
        _ = quick.bodyArrived(bytes: 20, now: 1_001)
        #expect(quick.deadline == 1_051)
    }

    @Test func `a least rate of 0 is none`() throws {
        var unbounded = limits
        unbounded.bodyBytesPerSecondMin = 0
        var state = ConnectionState(limits: unbounded, now: 900)
        state.headComplete(try #require(head("Content-Length: 500\r\n")), now: 1_000)
        // One byte each 40 ms for longer than the grace: only the idle limit of 50 ms counts.
        for time in stride(from: Int64(1_040), through: 1_480, by: 40) { _ = state.bodyArrived(bytes: 1, now: time) }
        #expect(state.deadline == 1_530)
    }

    @Test func `a client that is kept waiting is not slow`() throws {
        var state = try inBody()
        state.pause(now: 1_010)
        #expect(state.isPaused == true)
        #expect(state.deadline == 2_000)
        state.resume(now: 1_500)
        #expect(state.isPaused == false)
        #expect(state.deadline == 1_550)
        _ = state.bodyArrived(bytes: 1, now: 1_540)
        #expect(state.deadline == 1_590)
    }

    @Test func `bounds the whole request`() throws {
        var state = try inBody()
        _ = state.bodyComplete()
        #expect(state.deadline == 2_000)
        let verdict = state.timePassed(now: 2_000)
        #expect(verdict == .tell(.requestTooLong))
        #expect(state.isWithHandler == true)
    }

    @Test func `bounds writing by its progress`() throws {
        var state = try inBody()
        _ = state.bodyComplete()
        _ = state.respond(closes: false)
        _ = state.beginWriting(now: 1_100)
        #expect(state.deadline == 1_170)
        state.wrote(now: 1_160)
        #expect(state.deadline == 1_230)
        let verdict = state.timePassed(now: 1_230)
        #expect(verdict == .close)
    }

    @Test func `lets the bytes that are dropped pay for the time of the drain`() {
        func deadline(afterBytes bytes: Int) -> Int64? {
            var limits = ServingLimits()
            limits.drainIdleMilliseconds = 1_000_000
            limits.drainMilliseconds = 60_000
            limits.drainGraceMilliseconds = 10_000
            limits.drainBytesPerSecondMin = 1_000
            var state = ConnectionState(limits: limits, now: 0)
            state.refuse(omitsBody: false, now: 0)
            _ = state.beginWriting(now: 0)
            _ = state.written(now: 0)
            _ = state.drained(bytes: bytes, now: 1)
            return state.deadline
        }
        #expect(deadline(afterBytes: 1) == 10_001, "a byte a second does not hold a connection")
        #expect(deadline(afterBytes: 20_000) == 30_000)
        #expect(deadline(afterBytes: 6_000_000) == 60_000, "the whole bound stays")
    }

    @Test func `bounds the drain by time, by silence and by bytes`() throws {
        func draining() throws -> ConnectionState {
            var state = try inBody()
            _ = state.respond(closes: false)
            _ = state.beginWriting(now: 1_000)
            _ = state.written(now: 1_000)
            return state
        }
        var state = try draining()
        #expect(state.deadline == 1_030)
        for time in stride(from: Int64(1_020), through: 1_290, by: 20) { _ = state.drained(bytes: 1, now: time) }
        #expect(state.deadline == 1_300)
        let verdict = state.timePassed(now: 1_300)
        #expect(verdict == .close)
        var flooded = try draining()
        let hundred = flooded.drained(bytes: 100, now: 1_001)
        #expect(hundred)
        let more = flooded.drained(bytes: 1, now: 1_001)
        #expect(!more)
        #expect(flooded.isClosed == true)
    }
}
