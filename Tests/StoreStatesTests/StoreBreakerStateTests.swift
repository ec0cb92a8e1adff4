import StoreStates
import TestSupport
import Testing

@Suite struct StoreBreakerStateTests {
    typealias Kind = StoreBreakerState.Kind

    private static func opened(by kind: Kind = .create, now: Int64 = 0) -> StoreBreakerState {
        var state = StoreBreakerState()
        for _ in 0..<5 { _ = state.failed(kind, detail: "as told", now: now) }
        return state
    }

    private static func probing(
        by kind: Kind = .create, then change: (inout StoreBreakerState) -> Void = { _ in }
    ) -> StoreBreakerState {
        var state = opened(by: kind)
        _ = state.waited()
        change(&state)
        return state
    }

    private static func halfOpen(
        by kind: Kind = .create, then change: (inout StoreBreakerState) -> Void = { _ in }
    ) -> StoreBreakerState {
        var state = probing(by: kind)
        _ = state.probed(.alive, detail: "", now: 0)
        change(&state)
        return state
    }

    @Test(arguments: Kind.allCases) func `opens at the fifth trouble of a kind one after the other`(kind: Kind) {
        var state = StoreBreakerState()
        for _ in 1...4 { #expect(state.failed(kind, detail: "reset", now: 0) == .none) }
        #expect(state.succeeded(kind) == .none)
        for _ in 1...4 { #expect(state.failed(kind, detail: "reset", now: 0) == .none) }
        #expect(state.condition == .closed)
        #expect(state.refusalSeconds(now: 0) == nil)
        #expect(state.failed(kind, detail: "reset by peer", now: 0) == .wait(milliseconds: 1_000))
        #expect(state.condition == .open)
        #expect(state.detail == "reset by peer")
    }

    @Test func `a store that opens uploads and takes no part is down all the same`() {
        var state = StoreBreakerState()
        for _ in 1...4 {
            #expect(state.succeeded(.create) == .none)
            #expect(state.failed(.part, detail: "", now: 0) == .none)
            #expect(state.succeeded(.cleanup) == .none)
        }
        #expect(state.failed(.part, detail: "", now: 0) != .none)
        // A Create that goes well does not close what parts have opened.
        #expect(state.succeeded(.create) == .none)
        #expect(state.condition == .open)
        #expect(state.succeeded(.part) == .stop)
        #expect(state.condition == .closed)
    }

    @Test func `what cleaning up has opened is closed by any yes`() {
        var state = Self.opened(by: .cleanup)
        #expect(state.succeeded(.create) == .stop)
        #expect(state.condition == .closed)
    }

    @Test func `open, uploads are refused until the next probe, and it is waited longer each time`() {
        var state = Self.opened()
        #expect(state.refusalSeconds(now: 0) == 1)
        #expect(state.refusalSeconds(now: 5_000) == 1)
        var waits: [StoreBreakerState.Effect] = []
        for _ in 0..<7 {
            #expect(state.waited() == .probe)
            #expect(state.condition == .open)
            #expect(state.refusalSeconds(now: 0) == 1)
            waits.append(state.probed(.silent, detail: "refused", now: 0))
        }
        #expect(waits == [2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000].map { .wait(milliseconds: $0) })
        #expect(state.refusalSeconds(now: 1) == 15)
        #expect(state.detail == "refused")
    }

    @Test func `half-open, one upload a second may ask the store, and one that never asks costs nobody a turn`() {
        var state = Self.halfOpen()
        #expect(state.condition == .halfOpen)
        // Heads alone, however many, use nothing up.
        for _ in 0..<100 { #expect(state.refusalSeconds(now: 0) == nil) }
        #expect(state.admitsRequest(now: 0) == true)
        #expect(state.admitsRequest(now: 0) == false)
        #expect(state.refusalSeconds(now: 0) == 1)
        #expect(state.refusalSeconds(now: 999) == 1)
        #expect(state.admitsRequest(now: 999) == false)
        #expect(state.refusalSeconds(now: 1_000) == nil)
        #expect(state.admitsRequest(now: 1_000) == true)
        #expect(state.refusalSeconds(now: 1_500) == 1)
        #expect(state.succeeded(.create) == .stop)
        #expect(state.refusalSeconds(now: 1_500) == nil)
        for _ in 0..<2 { #expect(state.admitsRequest(now: 1_500) == true) }
    }

    @Test func `open or probing, nobody may ask`() {
        var (open, probing) = (Self.opened(), Self.probing())
        #expect(open.admitsRequest(now: 5_000) == false)
        #expect(probing.admitsRequest(now: 5_000) == false)
    }

    @Test(arguments: [Kind.create, .part, .complete])
    func `a PutObject that succeeds closes it, whatever opened it`(opener: Kind) {
        for state in [Self.opened(by: opener), Self.probing(by: opener), Self.halfOpen(by: opener)] {
            var state = state
            #expect(state.succeeded(.put) == .stop)
            #expect(state.condition == .closed)
        }
        var closed = StoreBreakerState()
        for _ in 1...4 { _ = closed.failed(opener, detail: "", now: 0) }
        _ = closed.succeeded(.put)
        for _ in 1...4 { #expect(closed.failed(opener, detail: "", now: 0) == .none) }
    }

    @Test func `a PutObject that fails counts as a part, and as a trial`() {
        var state = StoreBreakerState()
        for kind in [Kind.part, .put, .part, .put] { #expect(state.failed(kind, detail: "", now: 0) == .none) }
        #expect(state.failed(.put, detail: "", now: 0) == .wait(milliseconds: 1_000))
        #expect(state.succeeded(.part) == .stop)
        var halfOpen = Self.halfOpen(by: .create)
        #expect(halfOpen.failed(.put, detail: "", now: 0) == .wait(milliseconds: 2_000))
    }

    @Test func `half-open, a wait with a success and no failure closes it`() {
        var state = Self.halfOpen(by: .complete)
        #expect(state.succeeded(.part) == .none)
        #expect(state.condition == .halfOpen)
        #expect(state.waited() == .stop)
        #expect(state.condition == .closed)
    }

    @Test func `half-open, a failure of another kind begins the wait anew, without what went well before`() {
        var state = Self.halfOpen(by: .complete)
        _ = state.succeeded(.create)
        #expect(state.failed(.part, detail: "", now: 0) == .none)
        #expect(state.waited() == .wait(milliseconds: 10_000))
        #expect(state.waited() == .wait(milliseconds: 10_000))
        #expect(state.condition == .halfOpen)
        _ = state.succeeded(.create)
        #expect(state.waited() == .stop)
    }

    @Test func `half-open, three waits without a word close it`() {
        var state = Self.halfOpen()
        for _ in 1...2 { #expect(state.waited() == .wait(milliseconds: 10_000)) }
        #expect(state.waited() == .stop)
        #expect(state.condition == .closed)
    }

    @Test func `any answer to the probe but those of a server in trouble is a sign of life`() {
        let ailing = (100...599).filter { StoreBreakerState.Probe(status: $0) == .ailing }
        #expect(ailing == [429, 500, 502, 503, 504])
        #expect(StoreBreakerState.Probe(status: 501) == .alive)
    }

    @Test func `the third ailing answer one after the other lets an upload find out`() {
        var state = Self.probing()
        func probe(_ outcome: StoreBreakerState.Probe) -> StoreBreakerCondition {
            _ = state.waited()
            _ = state.probed(outcome, detail: "503", now: 0)
            return state.condition
        }
        #expect([.ailing, .ailing, .silent, .ailing, .ailing].map(probe) == Array(repeating: .open, count: 5))
        #expect(probe(.ailing) == .halfOpen)
        #expect(state.failed(.create, detail: "", now: 0) != .none)
        #expect([.ailing, .ailing, .ailing].map(probe) == [.open, .open, .halfOpen])
    }

    @Test func `a trial that fails opens it again, for longer, and a success begins anew`() {
        var state = Self.halfOpen()
        #expect(state.failed(.create, detail: "slow down", now: 100) == .wait(milliseconds: 2_000))
        #expect(state.condition == .open)
        _ = state.waited()
        _ = state.probed(.alive, detail: "", now: 0)
        _ = state.succeeded(.create)
        for _ in 1...4 { #expect(state.failed(.create, detail: "", now: 0) == .none) }
        #expect(state.failed(.create, detail: "", now: 0) == .wait(milliseconds: 1_000))
    }

    @Test func `no time overflows`() {
        var state = Self.opened(now: .max - 20_000)
        for _ in 0..<100 {
            _ = state.waited()
            _ = state.probed(.silent, detail: "", now: .max - 20_000)
        }
        #expect(state.refusalSeconds(now: .max - 20_000) == 15)
    }

    private typealias Event = (String, (inout StoreBreakerState) -> StoreBreakerState.Effect)

    private static var events: [Event] {
        var events: [Event] = []
        for kind in Kind.allCases {
            events.append(("\(kind) yes", { $0.succeeded(kind) }))
            events.append(("\(kind) no", { $0.failed(kind, detail: "", now: 0) }))
        }
        events.append(("waited", { $0.waited() }))
        for probe in StoreBreakerState.Probe.allCases {
            events.append(("\(probe)", { $0.probed(probe, detail: "", now: 0) }))
        }
        return events
    }

    @Test func `every pair of a state and an event has its outcome`() {
        let table = StateTable(Self.table)
        let states: [(String, StoreBreakerState)] = [
            ("closed", StoreBreakerState()), ("open", Self.opened(by: .part)), ("probing", Self.probing(by: .part)),
            ("probing for the third time", Self.probing(by: .part) { state in
                for _ in 1...2 { _ = (state.probed(.ailing, detail: "", now: 0), state.waited()) }
            }),
            ("half-open", Self.halfOpen(by: .part)),
            ("half-open with a success", Self.halfOpen(by: .part) { _ = $0.succeeded(.create) }),
            ("half-open with a failure", Self.halfOpen(by: .part) { _ = $0.failed(.complete, detail: "", now: 0) }),
            ("half-open after two waits", Self.halfOpen(by: .part) { for _ in 1...2 { _ = $0.waited() } }),
        ]
        #expect(table.states == Set(states.map(\.0)))
        for (name, state) in states {
            var row = StateRow("\(name):")
            for (event, perform) in Self.events {
                var next = state
                let effect = perform(&next)
                row.add(event, "\(next.condition) \(effect)")
            }
            #expect(row.lines == table[name], "\n\(row.lines.joined(separator: "\n"))")
        }
    }

    /// Of a breaker that parts have opened.
    private static let table = """
        closed:
          closed none: create yes, create no, part yes, part no, complete yes, complete no, put yes, put no,
            cleanup yes, cleanup no, waited, alive, ailing, silent
        open:
          open none: create yes, create no, part no, complete yes, complete no, put no, cleanup yes,
            cleanup no, alive, ailing, silent
          closed stop: part yes, put yes
          open probe: waited
        probing:
          open none: create yes, create no, part no, complete yes, complete no, put no, cleanup yes,
            cleanup no, waited
          closed stop: part yes, put yes
          halfOpen wait(milliseconds: 10000): alive
          open wait(milliseconds: 2000): ailing, silent
        probing for the third time:
          open none: create yes, create no, part no, complete yes, complete no, put no, cleanup yes,
            cleanup no, waited
          closed stop: part yes, put yes
          halfOpen wait(milliseconds: 10000): alive, ailing
          open wait(milliseconds: 8000): silent
        half-open:
          halfOpen none: create yes, complete yes, complete no, cleanup yes, cleanup no, alive, ailing,
            silent
          open wait(milliseconds: 2000): create no, part no, put no
          closed stop: part yes, put yes
          halfOpen wait(milliseconds: 10000): waited
        half-open with a success:
          halfOpen none: create yes, complete yes, complete no, cleanup yes, cleanup no, alive, ailing,
            silent
          open wait(milliseconds: 2000): create no, part no, put no
          closed stop: part yes, put yes, waited
        half-open with a failure:
          halfOpen none: create yes, complete yes, complete no, cleanup yes, cleanup no, alive, ailing,
            silent
          open wait(milliseconds: 2000): create no, part no, put no
          closed stop: part yes, put yes
          halfOpen wait(milliseconds: 10000): waited
        half-open after two waits:
          halfOpen none: create yes, complete yes, complete no, cleanup yes, cleanup no, alive, ailing,
            silent
          open wait(milliseconds: 2000): create no, part no, put no
          closed stop: part yes, put yes, waited
        """
}
