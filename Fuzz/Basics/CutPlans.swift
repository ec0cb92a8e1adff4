internal import FuzzPlain

/// Ways to cut a stream of bytes into pieces.
package enum CutPlans {
    private static let windowBytes = 48

    /// Byte by byte, the whole stream and a part of it; cut once at every place of a short stream; and a few cuts by
    /// chance, empty pieces among them. With some effort one of these, rarely the first, which takes the longest.
    package static func plans(for stream: Span<UInt8>, effort: Effort) -> [[Int]] {
        var generator = InputHash(stream)
        let turn = generator.next() % 8
        func cuts(_ count: Int) -> [Int] {
            var cuts: [Int] = []
            cuts.reserveCapacity(count)
            for _ in 0 ..< count { cuts.append(Int.random(in: 0 ... stream.count, using: &generator)) }
            cuts.sort()
            return cuts
        }
        let drawn: [Int]
        switch turn {
        case 0: drawn = Array(0 ... stream.count)
        case 1, 2:
            let start = Int.random(in: 0 ... stream.count, using: &generator)
            drawn = Array(start ... min(start + windowBytes, stream.count))
        case 3, 4: drawn = cuts(1)
        case 5, 6: drawn = cuts(3)
        default: drawn = cuts(9)
        }
        guard effort == .all else { return [drawn] }
        // What the fuzzer draws for this stream comes first.
        var plans = [drawn]
        if turn != 0 { plans.append(Array(0 ... stream.count)) }
        if stream.count <= 48 {
            for cut in 0 ... stream.count { plans.append([cut]) }
        }
        for count in [1, 1, 2, 3, 9] { plans.append(cuts(count)) }
        return plans
    }
}
