import HTTPWire
import Testing

@testable import Serving

/// The phase before the first head, on a listener that speaks TLS: every event that can come in it.
@Suite struct HandshakeStateTests {
    private let limits: ServingLimits = {
        var limits = ServingLimits()
        limits.handshakeMilliseconds = 100
        limits.headMilliseconds = 300
        limits.drainIdleMilliseconds = 30
        return limits
    }()

    private func inHandshake() -> ConnectionState { ConnectionState(limits: limits, now: 1_000, handshakes: true) }

    @Test func `wants bytes, and none of them are a request's`() {
        var state = inHandshake()
        #expect(state.appetite == .handshake)
        #expect(state.isWithHandler == false)
        #expect(state.isWriting == false)
        state.headBegan(now: 1_001)
        let isForHandler = state.bodyArrived(bytes: 1, now: 1_001)
        let isEnd = state.bodyComplete()
        let isAnswer = state.respond(closes: false)
        #expect(!isForHandler && !isEnd && !isAnswer)
        #expect(state.appetite == .handshake)
    }

    @Test func `its deadline counts from accepting, whatever comes`() {
        var state = inHandshake()
        #expect(state.deadline == 1_100)
        state.headBegan(now: 1_050)
        #expect(state.deadline == 1_100)
        let early = state.timePassed(now: 1_099)
        #expect(early == .wait)
        let due = state.timePassed(now: 1_100)
        #expect(due == .close)
        #expect(state.isClosed == true)
    }

    @Test func `the time of the first head begins with its end`() {
        var state = inHandshake()
        state.handshakeComplete(now: 1_090)
        #expect(state.appetite == .head)
        #expect(state.deadline == 1_390)
        // A second end is none, and neither is a failure after it.
        state.handshakeComplete(now: 1_200)
        state.handshakeFailed(now: 1_200)
        #expect(state.appetite == .head)
        #expect(state.deadline == 1_390)
    }

    @Test func `after a failure the client may read why`() {
        var state = inHandshake()
        state.handshakeFailed(now: 1_020)
        #expect(state.appetite == .drain)
        #expect(state.deadline == 1_050)
        state.handshakeComplete(now: 1_021)
        #expect(state.appetite == .drain)
    }

    @Test func `an end of the stream, and of the server, closes it`() {
        var ended = inHandshake()
        let isTold = ended.streamEnded()
        #expect(!isTold)
        #expect(ended.isClosed == true)
        var stopped = inHandshake()
        let isIdle = stopped.stop()
        #expect(isIdle)
        #expect(stopped.isClosed == true)
    }

    @Test func `who does not speak TLS can be answered`() {
        var state = inHandshake()
        state.refuse(omitsBody: false, now: 1_010)
        let form = state.beginWriting(now: 1_010)
        #expect(!form.keepsAlive)
        #expect(state.isWriting == true)
        let next = state.written(now: 1_011)
        #expect(next == .halfClose)
    }
}
