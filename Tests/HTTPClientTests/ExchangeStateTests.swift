import TestSupport
import Testing

@testable import HTTPClient

/// Every pair of a state and an event: what is answered, and what may be sent then.
struct ExchangeStateTests {
    enum Event: String, CaseIterable {
        case continued, sent, sendingBroke, yesKeeps, yesCloses, noKeeps, noCloses, unknownExpect
        case answerEnds, answerEndsWithMore, connectionEnds
    }

    /// States by the events that lead there; the first says whether the head asks for the body.
    static let states: [(name: String, asks: Bool, events: [Event])] = [
        ("asking", true, []), ("going", false, []), ("whole", false, [.sent]), ("askingAllowed", true, [.continued]),
        ("askingBroken", true, [.sendingBroke]), ("goingBroken", false, [.sendingBroke]),
        ("wholeBroken", false, [.sent, .sendingBroke]), ("wholeBrokenYes", false, [.sent, .sendingBroke, .yesKeeps]),
        ("askingYes", true, [.yesKeeps]), ("askingNo", true, [.noKeeps]), ("allowedNo", true, [.continued, .noKeeps]),
        ("goingYesKeeps", false, [.yesKeeps]), ("goingYesCloses", false, [.yesCloses]),
        ("goingNoKeeps", false, [.noKeeps]), ("goingNoCloses", false, [.noCloses]),
        ("wholeYesKeeps", false, [.sent, .yesKeeps]), ("wholeYesCloses", false, [.sent, .yesCloses]),
        ("wholeNoKeeps", false, [.sent, .noKeeps]), ("wholeNoCloses", false, [.sent, .noCloses]),
        ("brokenYes", false, [.sendingBroke, .yesKeeps]), ("brokenNo", false, [.sendingBroke, .noKeeps]),
        ("yesBroken", false, [.yesKeeps, .sendingBroke]),
        ("yesComplete", false, [.yesKeeps, .answerEnds]),
        ("yesCompleteWithMore", false, [.yesKeeps, .answerEndsWithMore]),
        ("yesCompleteBroken", false, [.yesKeeps, .answerEnds, .sendingBroke]),
    ]

    private static func perform(_ event: Event, _ state: inout ExchangeState) -> String {
        switch event {
        case .continued:
            state.continued()
            return ""
        case .sendingBroke:
            state.sendingBroke()
            return ""
        case .sent: return words(state.sent())
        case .yesKeeps: return words(state.head(status: 200, keepsAlive: true))
        case .yesCloses: return words(state.head(status: 299, keepsAlive: false))
        case .noKeeps: return words(state.head(status: 300, keepsAlive: true))
        case .noCloses: return words(state.head(status: 503, keepsAlive: false))
        case .unknownExpect: return words(state.head(status: 417, keepsAlive: true))
        case .answerEnds: return words(state.answerEnded(keeps: true))
        case .answerEndsWithMore: return words(state.answerEnded(keeps: false))
        case .connectionEnds: return words(state.connectionEnded())
        }
    }

    private static func words(_ outcome: ExchangeState.Outcome) -> String {
        switch outcome {
        case .goesOn: "goes on"
        case .answered(keeps: true): "answered, keeps"
        case .answered(keeps: false): "answered, closes"
        case .asksNoMore: "asks no more"
        case .answeredTooEarly: "too early"
        case .lost: "lost"
        }
    }

    private static func standing(_ state: ExchangeState) -> String {
        state.isAsking ? "asks" : state.sends ? "sends" : "silent"
    }

    private static func make(asks: Bool, _ events: [Event]) -> ExchangeState {
        var state = ExchangeState(asksFirst: asks)
        for event in events { _ = perform(event, &state) }
        return state
    }

    /// Whether the event may follow: what is not sent cannot come to its end, and an answer has one head.
    private static func isPossible(_ event: Event, _ state: ExchangeState) -> Bool {
        switch event {
        case .sent: state.sends
        case .yesKeeps, .yesCloses, .noKeeps, .noCloses, .unknownExpect: state.status == nil
        case .answerEnds, .answerEndsWithMore: state.status != nil
        case .continued, .sendingBroke, .connectionEnds: true
        }
    }

    @Test func `each state takes each event as the table says`() {
        for (name, asks, events) in Self.states {
            let made = Self.make(asks: asks, events)
            var row = StateRow("\(name): \(Self.standing(made))")
            for event in Event.allCases where Self.isPossible(event, made) {
                var state = made
                let said = Self.perform(event, &state)
                row.add(event.rawValue, said + (said.isEmpty ? "" : ", ") + Self.standing(state))
            }
            #expect(row.lines == Self.table[name], "\(row.lines.joined(separator: "\n"))")
        }
        #expect(Self.table.states == Set(Self.states.map(\.name)))
    }

    @Test(arguments: [100, 199, 200, 299, 300, 301, 304, 400, 403, 416, 417, 418, 500, 599])
    func `a status from 300 on is a no, and of those 417 alone is about the asking`(status: Int) {
        var going = ExchangeState(asksFirst: false)
        #expect(going.head(status: status, keepsAlive: true) == .goesOn)
        #expect(going.sends == (status < 300))
        #expect(going.status == status)
        var asking = ExchangeState(asksFirst: true)
        #expect(asking.head(status: status, keepsAlive: true) == (status == 417 ? .asksNoMore : .goesOn))
        #expect(asking.status == status)
        if status != 417 { #expect(asking.sends == (status < 300)) }
    }

    @Test func `no status is known before a head`() {
        var state = ExchangeState(asksFirst: false)
        #expect(state.status == nil)
        #expect(state.answerEnded(keeps: true) == .goesOn)
        #expect(state.status == nil)
    }

    private static let table = StateTable(
        """
        asking: asks
          sends: continued
          silent: sendingBroke
          goes on, sends: yesKeeps, yesCloses
          goes on, silent: noKeeps, noCloses
          asks no more, asks: unknownExpect
          lost, asks: connectionEnds
        going: sends
          sends: continued
          goes on, silent: sent, noKeeps, noCloses, unknownExpect
          silent: sendingBroke
          goes on, sends: yesKeeps, yesCloses
          lost, sends: connectionEnds
        whole: silent
          silent: continued, sendingBroke
          goes on, silent: yesKeeps, yesCloses, noKeeps, noCloses, unknownExpect
          lost, silent: connectionEnds
        askingAllowed: sends
          sends: continued
          goes on, silent: sent, noKeeps, noCloses
          silent: sendingBroke
          goes on, sends: yesKeeps, yesCloses
          asks no more, sends: unknownExpect
          lost, sends: connectionEnds
        askingBroken: silent
          silent: continued, sendingBroke
          goes on, silent: yesKeeps, yesCloses, noKeeps, noCloses, unknownExpect
          lost, silent: connectionEnds
        goingBroken: silent
          silent: continued, sendingBroke
          goes on, silent: yesKeeps, yesCloses, noKeeps, noCloses, unknownExpect
          lost, silent: connectionEnds
        wholeBroken: silent
          silent: continued, sendingBroke
          goes on, silent: yesKeeps, yesCloses, noKeeps, noCloses, unknownExpect
          lost, silent: connectionEnds
        wholeBrokenYes: silent
          silent: continued, sendingBroke
          answered, keeps, silent: answerEnds
          answered, closes, silent: answerEndsWithMore
          lost, silent: connectionEnds
        askingYes: sends
          sends: continued
          goes on, silent: sent
          silent: sendingBroke
          goes on, sends: answerEnds
          too early, sends: answerEndsWithMore
          lost, sends: connectionEnds
        askingNo: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        allowedNo: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        goingYesKeeps: sends
          sends: continued
          goes on, silent: sent
          silent: sendingBroke
          goes on, sends: answerEnds
          too early, sends: answerEndsWithMore
          lost, sends: connectionEnds
        goingYesCloses: sends
          sends: continued
          goes on, silent: sent
          silent: sendingBroke
          too early, sends: answerEnds, answerEndsWithMore
          lost, sends: connectionEnds
        goingNoKeeps: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        goingNoCloses: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        wholeYesKeeps: silent
          silent: continued, sendingBroke
          answered, keeps, silent: answerEnds
          answered, closes, silent: answerEndsWithMore
          lost, silent: connectionEnds
        wholeYesCloses: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        wholeNoKeeps: silent
          silent: continued, sendingBroke
          answered, keeps, silent: answerEnds
          answered, closes, silent: answerEndsWithMore
          lost, silent: connectionEnds
        wholeNoCloses: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        brokenYes: silent
          silent: continued, sendingBroke
          too early, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        brokenNo: silent
          silent: continued, sendingBroke
          answered, closes, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        yesBroken: silent
          silent: continued, sendingBroke
          too early, silent: answerEnds, answerEndsWithMore
          lost, silent: connectionEnds
        yesComplete: sends
          sends: continued
          answered, keeps, silent: sent
          silent: sendingBroke
          goes on, sends: answerEnds
          too early, sends: answerEndsWithMore, connectionEnds
        yesCompleteWithMore: sends
          sends: continued
          answered, closes, silent: sent
          silent: sendingBroke
          too early, sends: answerEnds, answerEndsWithMore, connectionEnds
        yesCompleteBroken: silent
          silent: continued, sendingBroke
          too early, silent: answerEnds, answerEndsWithMore, connectionEnds
        """)
}
