/// Ways to cut a stream of bytes into pieces.
package enum CutPlans {
    /// Byte by byte, cut once at every place of a short stream, and a few cuts by chance, empty pieces among them. With
    /// some effort, one or two of these.
    package static func plans(for stream: Span<UInt8>, effort: Effort) -> [[Int]] {
        var generator = InputHash(stream)
        let turn = generator.next() % 4
        func cuts(_ count: Int) -> [Int] {
            var cuts: [Int] = []
            for _ in 0 ..< count { cuts.append(Int.random(in: 0 ... stream.count, using: &generator)) }
            return cuts.sorted()
        }
        switch (effort, turn) {
        case (.some, 0), (.some, 1): return [Array(0 ... stream.count)]
        case (.some, 2): return [cuts(1), cuts(2)]
        case (.some, _): return [cuts(3), cuts(9)]
        case (.all, _):
            // What the fuzzer draws for this stream comes first.
            var plans = turn == 2 ? [cuts(1), cuts(2)] : turn == 3 ? [cuts(3), cuts(9)] : []
            plans.append(Array(0 ... stream.count))
            if stream.count <= 48 {
                for cut in 0 ... stream.count { plans.append([cut]) }
            }
            for count in [1, 1, 2, 3, 9] { plans.append(cuts(count)) }
            return plans
        }
    }
}
