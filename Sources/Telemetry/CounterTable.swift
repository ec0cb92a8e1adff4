/// Counters of one family that differ in two labels, each out of a list that is known at start-up: found by two
/// numbers, without hashing anything.
package struct CounterTable: Sendable {
    private let columns: Int
    private let counters: [Counter]

    /// `rows` and `columns` are the values of the two labels; all combinations are made, and shown when they are read.
    package init(
        _ registry: MetricsRegistry, _ name: String, help: String, rows: (label: String, values: [String]),
        columns: (label: String, values: [String])
    ) {
        self.columns = columns.values.count
        var counters: [Counter] = []
        for row in rows.values {
            for column in columns.values {
                counters.append(
                    registry.counter(name, help: help, labels: [(rows.label, row), (columns.label, column)]))
            }
        }
        self.counters = counters
    }

    /// Adds one; for the owning thread alone.
    package func add(row: Int, column: Int) { counters[row * columns + column].add() }
}
