import StoreStates
import Testing

@Suite struct RetryBudgetTests {
    /// How many repetitions it allows at one moment.
    private static func drain(_ budget: inout RetryBudget, now: Int64) -> Int {
        var count = 0
        while budget.allows(now: now), count < 10_000 {
            budget.take()
            count += 1
        }
        return count
    }

    private static func allows(_ budget: inout RetryBudget, now: Int64) -> Bool { budget.allows(now: now) }

    @Test func `begins with a burst and then gives ten a second`() {
        var budget = RetryBudget()
        #expect(Self.drain(&budget, now: 1_000) == Int(RetryBudget.retriesMax))
        #expect(Self.drain(&budget, now: 1_000) == 0)
        #expect(Self.drain(&budget, now: 1_099) == 0)
        #expect(Self.drain(&budget, now: 1_100) == 1)
        #expect(Self.drain(&budget, now: 2_100) == 10)
    }

    @Test func `five requests that went well pay for one repetition`() {
        var budget = RetryBudget()
        _ = Self.drain(&budget, now: 0)
        for _ in 0..<4 { budget.succeeded() }
        #expect(Self.allows(&budget, now: 0) == false)
        budget.succeeded()
        #expect(Self.drain(&budget, now: 0) == 1)
        for _ in 0..<500 { budget.succeeded() }
        #expect(Self.drain(&budget, now: 0) == 100)
    }

    @Test func `saves no more than a burst, however long it was quiet and wherever the clock is`() {
        var budget = RetryBudget()
        #expect(Self.allows(&budget, now: .min) == true)
        for _ in 0..<1_000_000 { budget.succeeded() }
        #expect(Self.drain(&budget, now: .max) == Int(RetryBudget.retriesMax))
        // A clock that goes back gives nothing.
        #expect(Self.drain(&budget, now: 5) == 0)
    }

    @Test func `what is repeated without leave is paid back within a second`() {
        var budget = RetryBudget()
        _ = Self.drain(&budget, now: 0)
        for _ in 0..<1_000 { budget.take() }
        #expect(Self.allows(&budget, now: 1_099) == false)
        #expect(Self.allows(&budget, now: 1_100) == true)
    }
}
