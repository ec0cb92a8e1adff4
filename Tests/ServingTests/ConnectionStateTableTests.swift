import HTTPWire
import TestSupport
import Testing

@testable import Serving

/// Every pair of a state and an event. A new phase or event is a new case here and a line in each row of the table,
/// without which the test fails.
struct ConnectionStateTableTests {
    enum State: String, CaseIterable, CustomTestStringConvertible {
        case handshake, firstHead, begunHead, restingHead, body, pausedBody, response, answeredEarly, answeredWhole
        case writingToStay, writingToClose, draining, closed

        var testDescription: String { rawValue }
    }

    /// What happens at 2000.
    enum Event: String, CaseIterable {
        case handshakeComplete, handshakeFailed, headBegan, headComplete, bodyArrived, bodyComplete, streamEnded
        case drained, drainedTooMuch
        case respond, refuse, beginWriting, wrote, written, continued, pause, resume, stop, close
        /// A timer, one millisecond before the state's deadline, and at it.
        case timerEarly, timerDue
    }

    private static let limits: ServingLimits = {
        var limits = ServingLimits()
        limits.handshakeMilliseconds = 80
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

    private static func head() -> RequestHead? {
        let text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
        func parse(_ bytes: [UInt8]) -> RequestHead? {
            var parser = RequestParser(limits: WireLimits())
            guard case .head(let head) = parser.parse(bytes.span) else { return nil }
            return head
        }
        return parse(Array(text.utf8))
    }

    /// A connection in that state, its head complete at 1980 and the state entered at 1990 where it makes a difference.
    private static func make(_ state: State) throws -> ConnectionState {
        switch state {
        case .handshake: return ConnectionState(limits: limits, now: 1_990, handshakes: true)
        case .firstHead: return ConnectionState(limits: limits, now: 1_990)
        case .begunHead:
            var begun = ConnectionState(limits: limits, now: 1_980)
            begun.headBegan(now: 1_995)
            return begun
        case .restingHead, .body, .pausedBody, .response, .answeredEarly, .answeredWhole, .writingToStay,
            .writingToClose, .draining, .closed:
            break
        }
        var made = ConnectionState(limits: limits, now: 1_900)
        made.headComplete(try #require(head()), now: 1_980)
        switch state {
        case .handshake, .firstHead, .begunHead, .body: break
        case .pausedBody: made.pause(now: 1_990)
        case .response: _ = made.bodyComplete()
        case .answeredEarly: _ = made.respond(closes: false)
        case .answeredWhole:
            _ = made.bodyComplete()
            _ = made.respond(closes: false)
        case .writingToStay, .restingHead:
            _ = made.bodyComplete()
            _ = made.respond(closes: false)
            _ = made.beginWriting(now: 1_990)
            if state == .restingHead { _ = made.written(now: 1_990) }
        case .writingToClose, .draining:
            _ = made.respond(closes: false)
            _ = made.beginWriting(now: 1_990)
            if state == .draining { _ = made.written(now: 1_990) }
        case .closed: made.close()
        }
        return made
    }

    /// Tells `state` of the event; what it says.
    private static func tell(_ event: Event, _ state: inout ConnectionState) throws -> String {
        switch event {
        case .handshakeComplete: state.handshakeComplete(now: 2_000)
        case .handshakeFailed: state.handshakeFailed(now: 2_000)
        case .headBegan: state.headBegan(now: 2_000)
        case .headComplete: state.headComplete(try #require(head()), now: 2_000)
        case .bodyArrived: return "\(state.bodyArrived(bytes: 5, now: 2_000))"
        case .bodyComplete: return "\(state.bodyComplete())"
        case .streamEnded: return "\(state.streamEnded())"
        case .drained: return "\(state.drained(bytes: 10, now: 2_000))"
        case .drainedTooMuch: return "\(state.drained(bytes: 101, now: 2_000))"
        case .respond: return "\(state.respond(closes: false))"
        case .refuse: state.refuse(omitsBody: false, now: 2_000)
        case .beginWriting: return state.beginWriting(now: 2_000).keepsAlive ? "keep-alive" : "close"
        case .wrote: state.wrote(now: 2_000)
        case .written: return "\(state.written(now: 2_000))"
        case .continued: state.continued()
        case .pause: state.pause(now: 2_000)
        case .resume: state.resume(now: 2_000)
        case .stop: return "\(state.stop())"
        case .close: state.close()
        case .timerEarly: return "\(state.timePassed(now: (state.deadline ?? 2_000) - 1))"
        case .timerDue: return "\(state.timePassed(now: state.deadline ?? 2_000))"
        }
        return ""
    }

    /// All that can be seen of a state: what it wants, who has the request, and until when.
    private static func look(at state: borrowing ConnectionState) -> String {
        if state.isClosed { return "closed" }
        var words = ["\(state.appetite)"]
        if state.isWithHandler { words.append("with the handler") }
        if state.isPaused { words.append("paused") }
        if state.mayContinue { words.append("may continue") }
        if state.isWriting { words.append("writing") }
        if state.endsAfterWriting { words.append("then our end") }
        if let deadline = state.deadline { words.append("until \(deadline)") }
        return words.joined(separator: ", ")
    }

    @Test(arguments: State.allCases) func `each event has its outcome`(state: State) throws {
        var row = StateRow("\(state.rawValue): \(Self.look(at: try Self.make(state)))")
        for event in Event.allCases {
            var subject = try Self.make(state)
            let before = Self.look(at: subject)
            let said = try Self.tell(event, &subject)
            let after = Self.look(at: subject)
            let change = after == before ? "" : "-> " + after
            row.add(event.rawValue, [said, change].filter { !$0.isEmpty }.joined(separator: " "))
        }
        #expect(row.lines == Self.table[state.rawValue])
    }

    /// For each state what is seen of it; for each event what it says and, where anything changes, what is seen then.
    private static let table = StateTable(
        """
        handshake: handshake, until 2070
          -> head, until 2100: handshakeComplete
          -> drain, then our end, until 2030: handshakeFailed
          nothing: headBegan, headComplete, wrote, written, continued, pause, resume
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond
          false -> closed: streamEnded
          -> rest, until 3000: refuse
          close: beginWriting
          true -> closed: stop
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        firstHead: head, until 2090
          nothing: handshakeComplete, handshakeFailed, wrote, written, continued, pause, resume
          -> head, until 2100: headBegan
          -> body, with the handler, may continue, until 2050: headComplete
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond
          false -> closed: streamEnded
          -> rest, until 3000: refuse
          close: beginWriting
          true -> closed: stop
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        begunHead: head, until 2095
          nothing: handshakeComplete, handshakeFailed, headBegan, wrote, written, continued, pause, resume
          -> body, with the handler, may continue, until 2050: headComplete
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond, stop
          false -> closed: streamEnded
          -> rest, until 3000: refuse
          close: beginWriting
          -> closed: close
          wait: timerEarly
          refuseHead: timerDue
        restingHead: head, until 2490
          nothing: handshakeComplete, handshakeFailed, wrote, written, continued, pause, resume
          -> head, until 2100: headBegan
          -> body, with the handler, may continue, until 2050: headComplete
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond
          false -> closed: streamEnded
          -> rest, until 3000: refuse
          close: beginWriting
          true -> closed: stop
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        body: body, with the handler, may continue, until 2030
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, wrote, written, resume
          true -> body, with the handler, until 2050: bodyArrived
          true -> none, with the handler, until 2980: bodyComplete
          true: streamEnded
          false: drained, drainedTooMuch, stop
          true -> rest, until 2980: respond
          -> rest, until 3000: refuse
          close: beginWriting
          -> body, with the handler, until 2030: continued
          -> body, with the handler, paused, may continue, until 2980: pause
          -> closed: close
          wait: timerEarly
          tell(Serving.ClientLoss.bodyTooSlow): timerDue
        pausedBody: body, with the handler, paused, may continue, until 2980
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, wrote, written, pause
          true -> body, with the handler, paused, until 2980: bodyArrived
          true -> none, with the handler, until 2980: bodyComplete
          true: streamEnded
          false: drained, drainedTooMuch, stop
          true -> rest, until 2980: respond
          -> rest, until 3000: refuse
          close: beginWriting
          -> body, with the handler, paused, until 2980: continued
          -> body, with the handler, may continue, until 2050: resume
          -> closed: close
          wait: timerEarly
          tell(Serving.ClientLoss.requestTooLong): timerDue
        response: none, with the handler, until 2980
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, wrote, written, continued,
            pause, resume
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, stop
          false -> closed: streamEnded
          true -> answer, until 2980: respond
          -> rest, until 3000: refuse
          close: beginWriting
          -> closed: close
          wait: timerEarly
          tell(Serving.ClientLoss.requestTooLong): timerDue
        answeredEarly: rest, until 2980
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, wrote, written,
            continued, pause, resume
          false: bodyArrived, drained, drainedTooMuch, respond, stop
          false -> answer, until 2980: bodyComplete
          false -> closed: streamEnded
          close -> none, writing, then our end, until 2070: beginWriting
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        answeredWhole: answer, until 2980
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, wrote, written,
            continued, pause, resume
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond, stop
          false -> closed: streamEnded
          keep-alive -> none, writing, until 2070: beginWriting
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        writingToStay: none, writing, until 2060
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, continued, pause,
            resume
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond, stop
          false -> closed: streamEnded
          close: beginWriting
          -> none, writing, until 2070: wrote
          nextRequest -> head, until 2500: written
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        writingToClose: none, writing, then our end, until 2060
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, continued, pause,
            resume
          false: bodyArrived, bodyComplete, drained, drainedTooMuch, respond, stop
          false -> closed: streamEnded
          close: beginWriting
          -> none, writing, then our end, until 2070: wrote
          halfClose -> drain, then our end, until 2030: written
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        draining: drain, then our end, until 2020
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, wrote, written,
            continued, pause, resume
          false: bodyArrived, bodyComplete, respond, stop
          false -> closed: streamEnded, drainedTooMuch
          true -> drain, then our end, until 2030: drained
          close: beginWriting
          -> closed: close
          wait: timerEarly
          close -> closed: timerDue
        closed: closed
          nothing: handshakeComplete, handshakeFailed, headBegan, headComplete, refuse, wrote, written,
            continued, pause, resume, close
          false: bodyArrived, bodyComplete, streamEnded, drained, drainedTooMuch, respond, stop
          close: beginWriting
          wait: timerEarly, timerDue
        """)
}
