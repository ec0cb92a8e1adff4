import Recovery
import Testing

@Suite struct SweepStateTests {
    private typealias Upload = SweepState.Upload

    private func state(removalsMax: Int = 10) -> SweepState {
        SweepState(ageMilliseconds: 1_000, removalsMax: removalsMax)
    }

    private func upload(_ key: String, age: Int64?) -> Upload {
        Upload(key: key, uploadID: "id-" + key, ageMilliseconds: age)
    }

    @Test func `what is young or of unknown age is not even looked up`() {
        var sweep = state()
        #expect(sweep.start() == .list)
        let found = [upload("young", age: 999), upload("unknown", age: nil), upload("future", age: -5)]
        #expect(sweep.listed(found, isLast: true) == .end(SweepState.Report(seen: 3)))
        #expect(sweep.isIdle)
    }

    @Test func `what a row knows is left alone, the rest is removed one after the other`() {
        var sweep = state()
        _ = sweep.start()
        let (known, first, second) = (upload("a", age: 5_000), upload("b", age: 1_000), upload("c", age: 2_000))
        #expect(sweep.listed([known, first, second], isLast: false) == .lookUp(["a", "b", "c"]))
        #expect(sweep.lookedUp(known: ["a"]) == .remove(first))
        #expect(sweep.removed(true) == .remove(second))
        #expect(sweep.removed(false) == .list)
        #expect(sweep.listed([], isLast: true) == .end(SweepState.Report(seen: 3, removed: 1, failed: 1)))
    }

    @Test func `what has no key yet is looked up by its other name`() {
        var sweep = state()
        _ = sweep.start()
        let files = ["one", "two"].map { Upload(key: "", uploadID: $0, ageMilliseconds: 5_000) }
        #expect(sweep.listed(files, isLast: true) == .lookUp(["one", "two"]))
        #expect(sweep.lookedUp(known: ["one"]) == .remove(files[1]))
        #expect(sweep.removed(true) == .end(SweepState.Report(seen: 2, removed: 1)))
    }

    @Test func `the number of removals is bounded`() {
        var sweep = state(removalsMax: 1)
        _ = sweep.start()
        let found = [upload("a", age: 5_000), upload("b", age: 5_000)]
        _ = sweep.listed(found, isLast: true)
        #expect(sweep.lookedUp(known: []) == .remove(found[0]))
        #expect(sweep.removed(true) == .end(SweepState.Report(seen: 2, removed: 1)))
    }

    @Test func `a list without an end is left, and the next sweep begins anew`() {
        var sweep = SweepState(ageMilliseconds: 1_000, removalsMax: 10, pagesMax: 2)
        let old = upload("a", age: 5_000)
        for _ in 0 ..< 2 {
            #expect(sweep.start() == .list)
            #expect(sweep.listed([], isLast: false) == .list)
            #expect(sweep.listed([old], isLast: false) == .lookUp(["a"]))
            #expect(sweep.lookedUp(known: []) == .remove(old))
            let report = SweepState.Report(
                seen: 1, removed: 1, trouble: "the store's list goes on after 2 pages")
            #expect(sweep.removed(true) == .end(report))
        }
    }

    @Test func `trouble ends it, and another begins anew`() {
        var sweep = state()
        _ = sweep.start()
        #expect(sweep.start() == nil)
        #expect(sweep.failed("no list") == .end(SweepState.Report(trouble: "no list")))
        #expect(sweep.failed("again") == nil)
        #expect(sweep.start() == .list)
    }

    @Test func `answers that nobody waits for change nothing`() {
        var sweep = state()
        #expect(sweep.listed([], isLast: true) == nil)
        #expect(sweep.lookedUp(known: []) == nil)
        #expect(sweep.removed(true) == nil)
        #expect(sweep.isIdle)
    }
}
