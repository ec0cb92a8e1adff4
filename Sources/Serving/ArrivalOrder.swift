/// Things in the order in which they came, any of which can leave at any time.
struct ArrivalOrder<Element> {
    private var elements: [UInt64: Element] = [:]
    /// Numbers in ascending order; those that have left are passed over.
    private var order: [UInt64] = []
    private var first = 0
    private var next: UInt64 = 0

    var count: Int { elements.count }

    /// The number that it is removed by.
    mutating func append(_ element: Element) -> UInt64 {
        if first > order.count / 2 {
            order.removeFirst(first)
            first = 0
        }
        // What has left from the middle is forgotten before it is more than what is there.
        if order.count > 2 * elements.count + Self.slack {
            order.removeAll { elements[$0] == nil }
            first = 0
        }
        let number = next
        next += 1
        elements[number] = element
        order.append(number)
        return number
    }

    /// false: it had left already.
    mutating func remove(_ number: UInt64) -> Bool { elements.removeValue(forKey: number) != nil }

    mutating func removeOldest() -> Element? {
        while first < order.count {
            let number = order[first]
            first += 1
            if let element = elements.removeValue(forKey: number) { return element }
        }
        return nil
    }

    private static var slack: Int { 64 }
}
