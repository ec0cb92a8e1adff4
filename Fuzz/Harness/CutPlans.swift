/// Ways to cut a stream of bytes into pieces.
enum CutPlans {
    /// Byte by byte, cut once at every place of a short stream, and a few cuts by chance, empty pieces among them.
    static func plans(for stream: Span<UInt8>) -> [[Int]] {
        var plans = [Array(0 ... stream.count)]
        if stream.count <= 48 {
            for cut in 0 ... stream.count { plans.append([cut]) }
        }
        var generator = InputHash(stream)
        for count in [1, 1, 2, 3, 9] {
            let cuts = (0 ..< count).map { _ in Int.random(in: 0 ... stream.count, using: &generator) }
            plans.append(cuts.sorted())
        }
        return plans
    }
}
