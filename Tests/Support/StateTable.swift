/// One row of a table of states and events, as text: the state, then each outcome with the events that have it.
///
/// A test makes the row from the machine itself and compares it with the one that stands in its source, so that a state
/// or an event that is new, or one that comes to another outcome, fails it.
package struct StateRow {
    private let title: String
    private var outcomes: [(outcome: String, events: [String])] = []

    /// - Parameter title: the state's name and what is seen of it.
    package init(_ title: String) { self.title = title }

    package mutating func add(_ event: String, _ outcome: String) {
        let outcome = outcome.isEmpty ? "nothing" : outcome
        if let index = outcomes.firstIndex(where: { $0.outcome == outcome }) {
            outcomes[index].events.append(event)
        } else {
            outcomes.append((outcome, [event]))
        }
    }

    /// The lines of the row; those that are long are broken between events.
    package var lines: [String] {
        var lines = [title]
        for (outcome, events) in outcomes {
            var line = "  " + outcome + ":"
            for (index, event) in events.enumerated() {
                if line.utf8.count + event.utf8.count > 100 {
                    lines.append(line)
                    line = "   "
                }
                line += " " + event + (index + 1 < events.count ? "," : "")
            }
            lines.append(line)
        }
        return lines
    }
}

/// The rows of such a table, by the first word of each.
package struct StateTable {
    private var rows: [String: [String]] = [:]

    package init(_ text: String) {
        var name: String?
        for line in text.split(separator: "\n") {
            if !line.hasPrefix(" ") { name = String(line.prefix { $0 != ":" }) }
            if let name { rows[name, default: []].append(String(line)) }
        }
    }

    package subscript(_ state: String) -> [String] { rows[state] ?? [] }
    package var states: Set<String> { Set(rows.keys) }
}
