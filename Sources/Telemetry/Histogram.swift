/// How often a duration fell into each of a few classes. It belongs to one thread, which alone observes; any may read.
///
/// A reader may see an observation in its class before it is in the sum: the sum is no invariant of the format.
package final class Histogram: Sendable {
    /// 1 ms to 60 s, the deadline of a request: where uploads and store requests fall.
    package static let requestMicroseconds: [UInt64] = [
        1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 30_000_000, 60_000_000,
    ]

    /// The upper bounds of the classes but the last, which has none; ascending, inclusive.
    package let boundsMicroseconds: [UInt64]
    private let classes: [Counter]
    private let sum = Counter()

    package init(boundsMicroseconds: [UInt64] = Histogram.requestMicroseconds) {
        self.boundsMicroseconds = boundsMicroseconds
        classes = (0 ... boundsMicroseconds.count).map { _ in Counter() }
    }

    /// Counts one duration; negative ones (a clock read twice in the wrong order) count as none.
    package func observe(microseconds: Int64) {
        let duration = UInt64(max(microseconds, 0))
        var index = 0
        while index < boundsMicroseconds.count, duration > boundsMicroseconds[index] { index += 1 }
        classes[index].add()
        sum.add(duration)
    }

    /// What was observed so far.
    package var snapshot: HistogramSnapshot {
        HistogramSnapshot(
            boundsMicroseconds: boundsMicroseconds, counts: classes.map(\.value), sumMicroseconds: sum.value)
    }
}

/// The state of a histogram, or the sum of several with the same bounds.
package struct HistogramSnapshot: Equatable, Sendable {
    package let boundsMicroseconds: [UInt64]
    /// One for each bound and one for what is above the last.
    package private(set) var counts: [UInt64]
    package private(set) var sumMicroseconds: UInt64

    package init(boundsMicroseconds: [UInt64], counts: [UInt64], sumMicroseconds: UInt64) {
        self.boundsMicroseconds = boundsMicroseconds
        self.counts = counts
        self.sumMicroseconds = sumMicroseconds
    }

    /// Adds another one, which must have the same bounds.
    package mutating func add(_ other: HistogramSnapshot) {
        precondition(boundsMicroseconds == other.boundsMicroseconds, "histograms of one name have the same bounds")
        for index in counts.indices { counts[index] &+= other.counts[index] }
        sumMicroseconds &+= other.sumMicroseconds
    }
}
