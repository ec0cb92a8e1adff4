import Testing

@testable import Serving

@Suite struct ArrivalOrderTests {
    @Test func `gives up the oldest that has not left`() {
        var order = ArrivalOrder<String>()
        let first = order.append("first")
        _ = order.append("second")
        let third = order.append("third")
        let leaves = order.remove(first)
        let leavesAgain = order.remove(first)
        #expect(leaves && !leavesAgain)
        let oldest = order.removeOldest()
        #expect(oldest == "second" && order.count == 1)
        let last = order.remove(third)
        #expect(last)
        let none = order.removeOldest()
        #expect(none == nil && order.count == 0)
    }

    @Test func `keeps its order through any number of comings and goings`() {
        var order = ArrivalOrder<Int>()
        var model: [(number: UInt64, element: Int)] = []
        var generator = SystemRandomNumberGenerator()
        for element in 0 ..< 20_000 {
            model.append((order.append(element), element))
            while model.count > 100 || (!model.isEmpty && generator.next() % 3 == 0) {
                if generator.next() % 2 == 0 {
                    let expected = model.removeFirst().element
                    let oldest = order.removeOldest()
                    #expect(oldest == expected)
                } else {
                    let chosen = model.remove(at: Int(generator.next() % UInt64(model.count)))
                    let leaves = order.remove(chosen.number)
                    #expect(leaves)
                }
            }
            guard order.count == model.count else {
                Issue.record("\(order.count) instead of \(model.count)")
                return
            }
        }
    }
}
