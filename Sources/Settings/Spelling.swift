/// Guesses what a mistyped name was meant to be.
enum Spelling {
    /// The candidate nearest to `word`, if it is near: at most one edit in four characters, and three in all.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let typed = [UInt8](word.utf8.prefix(wordBytesMax))
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where abs(candidate.utf8.count - typed.count) <= distanceMax {
            let distance = editDistance(typed, [UInt8](candidate.utf8))
            if distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        guard let best, best.distance <= min(distanceMax, max(1, word.utf8.count / 4)) else { return nil }
        return best.candidate
    }

    /// Farther away, and so by more letters longer or shorter, no name is near.
    private static let distanceMax = 3

    /// Longer words are not looked at further: no name of ours is.
    private static let wordBytesMax = 64

    /// Insertions, deletions, substitutions and swaps of neighbours (optimal string alignment).
    private static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0 ... right.count)
        for i in 0 ..< left.count {
            var current: [Int] = []
            current.reserveCapacity(right.count + 1)
            current.append(i + 1)
            for j in 0 ..< right.count {
                var cost = min(previous[j + 1], current[j]) + 1
                cost = min(cost, previous[j] + (left[i] == right[j] ? 0 : 1))
                let isSwap = i > 0 && j > 0 && left[i] == right[j - 1] && left[i - 1] == right[j]
                if isSwap { cost = min(cost, before[j - 1] + 1) }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
