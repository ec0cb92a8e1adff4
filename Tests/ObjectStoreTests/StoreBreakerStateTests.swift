import ObjectStore
import TestSupport
import Testing

@Suite struct StoreBreakerStateTests {
    typealias Kind = StoreBreakerState.Kind

    private static func opened(by kind: Kind = .create, now: Int64 = 0) -> StoreBreakerState {
        var state = StoreBreakerState()
        for _ in 0..<5 { _ = state.failed(kind, detail: "as told", now: now) }
        return state
    }

    private static func probing(by kind: Kind = .create) -> StoreBreakerState {
        var state = opened(by: kind)
        _ = state.waited()
        return state
    }

    private static func halfOpen(by kind: Kind = .create) -> StoreBreakerState {
        var state = probing(by: kind)
        _ = state.probed(isAlive: true, detail: "", now: 0)
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
            waits.append(state.probed(isAlive: false, detail: "refused", now: 0))
        }
        #expect(waits == [2_000, 4_000, 8_000, 15_000, 15_000, 15_000, 15_000].map { .wait(milliseconds: $0) })
        #expect(state.refusalSeconds(now: 1) == 15)
        #expect(state.detail == "refused")
    }

    @Test func `half-open, one upload a second is let in`() {
        var state = Self.halfOpen()
        #expect(state.condition == .halfOpen)
        #expect(state.refusalSeconds(now: 0) == nil)
        #expect(state.refusalSeconds(now: 0) == 1)
        #expect(state.refusalSeconds(now: 999) == 1)
        #expect(state.refusalSeconds(now: 1_000) == nil)
        #expect(state.refusalSeconds(now: 1_500) == 1)
        #expect(state.succeeded(.create) == .stop)
        #expect(state.refusalSeconds(now: 1_500) == nil)
        #expect(state.refusalSeconds(now: 1_500) == nil)
    }

    @Test func `a trial that fails opens it again, for longer, and a success begins anew`() {
        var state = Self.halfOpen()
        #expect(state.failed(.create, detail: "slow down", now: 100) == .wait(milliseconds: 2_000))
        #expect(state.condition == .open)
        _ = state.waited()
        _ = state.probed(isAlive: true, detail: "", now: 0)
        _ = state.succeeded(.create)
        for _ in 1...4 { #expect(state.failed(.create, detail: "", now: 0) == .none) }
        #expect(state.failed(.create, detail: "", now: 0) == .wait(milliseconds: 1_000))
    }

    @Test func `no time overflows`() {
        var state = Self.opened(now: .max - 20_000)
        for _ in 0..<100 {
            _ = state.waited()
            _ = state.probed(isAlive: false, detail: "", now: .max - 20_000)
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
        events.append(("alive", { $0.probed(isAlive: true, detail: "", now: 0) }))
        events.append(("dead", { $0.probed(isAlive: false, detail: "", now: 0) }))
        return events
    }

    @Test func `every pair of a state and an event has its outcome`() {
        let table = StateTable(Self.table)
        let states: [(String, StoreBreakerState)] = [
            ("closed", StoreBreakerState()), ("open", Self.opened(by: .part)), ("probing", Self.probing(by: .part)),
            ("half-open", Self.halfOpen(by: .part)),
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
          closed none: create yes, create no, part yes, part no, complete yes, complete no, cleanup yes,
            cleanup no, waited, alive, dead
        open:
          open none: create yes, create no, part no, complete yes, complete no, cleanup yes, cleanup no,
            alive, dead
          closed stop: part yes
          open probe: waited
        probing:
          open none: create yes, create no, part no, complete yes, complete no, cleanup yes, cleanup no,
            waited
          closed stop: part yes
          halfOpen none: alive
          open wait(milliseconds: 2000): dead
        half-open:
          halfOpen none: create yes, complete yes, complete no, cleanup yes, cleanup no, waited, alive, dead
          open wait(milliseconds: 2000): create no, part no
          closed stop: part yes
        """
}
